import type { Entry } from './entry.ts'

/** What people and scripts call most. */
export const common: readonly Entry[] = [
  {
    name: 'build',
    summary: 'Build an image from a Dockerfile',
    aliases: ['image build', 'builder build', 'buildx build'],
    group: 'common',
    load: () => import('../commands/build.ts'),
  },
  {
    name: 'run',
    summary: 'Create and run a new container from an image',
    aliases: ['container run'],
    group: 'common',
    failure: 125,
    starts: true,
    load: () => import('../commands/run.ts'),
  },
  {
    name: 'exec',
    summary: 'Execute a command in a running container',
    aliases: ['container exec'],
    group: 'common',
    starts: true,
    load: () => import('../commands/exec.ts'),
  },
  {
    name: 'ps',
    summary: 'List containers',
    aliases: ['container ls', 'container list', 'container ps'],
    group: 'common',
    load: () => import('../commands/ps.ts'),
  },
  {
    name: 'images',
    summary: 'List images',
    aliases: ['image ls', 'image list'],
    group: 'common',
    load: () => import('../commands/images.ts'),
  },
  {
    name: 'pull',
    summary: 'Download an image from a registry',
    aliases: ['image pull'],
    group: 'common',
    load: () => import('../commands/pull.ts'),
  },
  {
    name: 'push',
    summary: 'Upload an image to a registry',
    aliases: ['image push'],
    group: 'common',
    load: () => import('../commands/push.ts'),
  },
  {
    name: 'login',
    summary: 'Authenticate to a registry',
    group: 'common',
    load: () => import('../commands/login.ts'),
  },
  {
    name: 'logout',
    summary: 'Log out from a registry',
    group: 'common',
    load: () => import('../commands/logout.ts'),
  },
  {
    name: 'search',
    summary: 'Search a registry for images',
    group: 'common',
    load: () => import('../commands/search.ts'),
  },
  {
    name: 'bootstrap',
    summary: "Make a base image from a distribution's packages",
    group: 'common',
    load: () => import('../commands/bootstrap.ts'),
  },
]
