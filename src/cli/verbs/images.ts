import type { Entry } from './entry.ts'

/** Images. */
export const images: readonly Entry[] = [
  {
    name: 'image copy',
    summary: 'Copy an image between registries, the store, layouts and archives',
    aliases: ['image cp'],
    group: 'images',
    load: () => import('../commands/image-copy.ts'),
  },
  {
    name: 'history',
    summary: 'Show the history of an image',
    aliases: ['image history'],
    group: 'images',
    load: () => import('../commands/history.ts'),
  },
  {
    name: 'diff',
    summary: 'Show where two images differ',
    aliases: ['image diff'],
    group: 'images',
    load: () => import('../commands/diff.ts'),
  },
  {
    name: 'image prune',
    summary: 'Remove unused images',
    group: 'images',
    load: () => import('../commands/image-prune.ts'),
  },
  {
    name: 'import',
    summary: 'Import the contents from a tarball to create a filesystem image',
    aliases: ['image import'],
    group: 'images',
    load: () => import('../commands/import.ts'),
  },
  {
    name: 'inspect',
    summary: 'Return low-level information on containers and images',
    aliases: ['image inspect --type=image', 'container inspect --type=container'],
    group: 'images',
    load: () => import('../commands/inspect.ts'),
  },
  {
    name: 'load',
    summary: 'Load an image from a tar archive or STDIN',
    aliases: ['image load'],
    group: 'images',
    load: () => import('../commands/load.ts'),
  },
  {
    name: 'manifest annotate',
    summary: 'Say for which platform an image of an index is',
    group: 'images',
    load: () => import('../commands/manifest-annotate.ts'),
  },
  {
    name: 'manifest create',
    summary: 'Put an index together from images of registries',
    group: 'images',
    load: () => import('../commands/manifest-create.ts'),
  },
  {
    name: 'manifest inspect',
    summary: 'Show an image manifest, or an index',
    group: 'images',
    load: () => import('../commands/manifest-inspect.ts'),
  },
  {
    name: 'manifest push',
    summary: 'Upload an index to its registry',
    group: 'images',
    load: () => import('../commands/manifest-push.ts'),
  },
  {
    name: 'manifest rm',
    summary: 'Forget one or more indexes that were begun',
    group: 'images',
    load: () => import('../commands/manifest-rm.ts'),
  },
  {
    name: 'rmi',
    summary: 'Remove one or more images',
    aliases: ['image rm', 'image remove'],
    group: 'images',
    load: () => import('../commands/rmi.ts'),
  },
  {
    name: 'save',
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    aliases: ['image save'],
    group: 'images',
    load: () => import('../commands/save.ts'),
  },
  {
    name: 'tag',
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    aliases: ['image tag'],
    group: 'images',
    load: () => import('../commands/tag.ts'),
  },
]
