import type { Command } from './command.ts'

/** A verb as the table knows it: enough for the overview and to find the file that holds the rest. */
export interface Entry {
  readonly name: string
  readonly summary: string
  /** Other names of the same verb. Options that follow such a name are given with it. */
  readonly aliases?: readonly string[]
  /** The heading it stands under in `strake --help`. Without one it is not shown there. */
  readonly group?: 'common' | 'images' | 'containers' | 'dockerfile' | 'system'
  /** The exit code of the verb's own errors, where it is not 1: those that pass on the exit code of a container. */
  readonly failure?: 125
  /** It needs no store, and the code for it is not loaded. */
  readonly storeless?: true
  readonly load: () => Promise<{ readonly default: Command }>
}

/** All verbs. Nothing is loaded to read this table; that keeps `strake --help` and the way to every verb short. */
export const entries: readonly Entry[] = [
  {
    name: 'build',
    summary: 'Build an image from a Dockerfile',
    aliases: ['image build', 'builder build', 'buildx build'],
    group: 'common',
    load: () => import('./commands/build.ts'),
  },
  {
    name: 'run',
    summary: 'Create and run a new container from an image',
    aliases: ['container run'],
    group: 'common',
    failure: 125,
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'exec',
    summary: 'Execute a command in a running container',
    aliases: ['container exec'],
    group: 'common',
    failure: 125,
    load: () => import('./commands/exec.ts'),
  },
  {
    name: 'ps',
    summary: 'List containers',
    aliases: ['container ls', 'container list', 'container ps'],
    group: 'common',
    load: () => import('./commands/ps.ts'),
  },
  {
    name: 'images',
    summary: 'List images',
    aliases: ['image ls', 'image list'],
    group: 'common',
    load: () => import('./commands/images.ts'),
  },
  {
    name: 'bootstrap',
    summary: "Make a base image from a distribution's packages",
    group: 'common',
    load: () => import('./commands/bootstrap.ts'),
  },
  {
    name: 'history',
    summary: 'Show the history of an image',
    aliases: ['image history'],
    group: 'images',
    load: () => import('./commands/history.ts'),
  },
  {
    name: 'diff',
    summary: 'Show where two images differ',
    aliases: ['image diff'],
    group: 'images',
    load: () => import('./commands/diff.ts'),
  },
  {
    name: 'image prune',
    summary: 'Remove unused images',
    group: 'images',
    load: () => import('./commands/image-prune.ts'),
  },
  {
    name: 'import',
    summary: 'Import the contents from a tarball to create a filesystem image',
    aliases: ['image import'],
    group: 'images',
    load: () => import('./commands/import.ts'),
  },
  {
    name: 'inspect',
    summary: 'Return low-level information on containers and images',
    aliases: ['image inspect --type=image', 'container inspect --type=container'],
    group: 'images',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'load',
    summary: 'Load an image from a tar archive or STDIN',
    aliases: ['image load'],
    group: 'images',
    load: () => import('./commands/load.ts'),
  },
  {
    name: 'rmi',
    summary: 'Remove one or more images',
    aliases: ['image rm', 'image remove'],
    group: 'images',
    load: () => import('./commands/rmi.ts'),
  },
  {
    name: 'save',
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    aliases: ['image save'],
    group: 'images',
    load: () => import('./commands/save.ts'),
  },
  {
    name: 'tag',
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    aliases: ['image tag'],
    group: 'images',
    load: () => import('./commands/tag.ts'),
  },
  {
    name: 'attach',
    summary: 'Attach local standard input, output, and error streams to a running container',
    aliases: ['container attach'],
    group: 'containers',
    load: () => import('./commands/attach.ts'),
  },
  {
    name: 'container prune',
    summary: 'Remove all stopped containers',
    group: 'containers',
    load: () => import('./commands/container-prune.ts'),
  },
  {
    // conmon calls it.
    name: 'container cleanup',
    summary: 'Record the end of a container',
    load: () => import('./commands/container-cleanup.ts'),
  },
  {
    name: 'create',
    summary: 'Create a new container',
    aliases: ['container create'],
    group: 'containers',
    failure: 125,
    load: () => import('./commands/create.ts'),
  },
  {
    name: 'kill',
    summary: 'Kill one or more running containers',
    aliases: ['container kill'],
    group: 'containers',
    load: () => import('./commands/kill.ts'),
  },
  {
    name: 'logs',
    summary: 'Fetch the logs of a container',
    aliases: ['container logs'],
    group: 'containers',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'port',
    summary: 'List port mappings or a specific mapping for the container',
    aliases: ['container port'],
    group: 'containers',
    load: () => import('./commands/port.ts'),
  },
  {
    name: 'restart',
    summary: 'Restart one or more containers',
    aliases: ['container restart'],
    group: 'containers',
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'rm',
    summary: 'Remove one or more containers',
    aliases: ['container rm', 'container remove'],
    group: 'containers',
    load: () => import('./commands/rm.ts'),
  },
  {
    name: 'start',
    summary: 'Start one or more stopped containers',
    aliases: ['container start'],
    group: 'containers',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'stop',
    summary: 'Stop one or more running containers',
    aliases: ['container stop'],
    group: 'containers',
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'volume create',
    summary: 'Create a volume',
    group: 'containers',
    load: () => import('./commands/volume-create.ts'),
  },
  {
    name: 'volume inspect',
    summary: 'Show all that is known of one or more volumes',
    group: 'containers',
    load: () => import('./commands/volume-inspect.ts'),
  },
  {
    name: 'volume ls',
    summary: 'List volumes',
    aliases: ['volume list'],
    group: 'containers',
    load: () => import('./commands/volume-ls.ts'),
  },
  {
    name: 'volume prune',
    summary: 'Remove unused volumes',
    group: 'containers',
    load: () => import('./commands/volume-prune.ts'),
  },
  {
    name: 'volume rm',
    summary: 'Remove one or more volumes',
    aliases: ['volume remove'],
    group: 'containers',
    load: () => import('./commands/volume-rm.ts'),
  },
  {
    name: 'wait',
    summary: 'Block until one or more containers stop, then print their exit codes',
    aliases: ['container wait'],
    group: 'containers',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'dockerfile ast',
    summary: 'Show how a Dockerfile is read',
    group: 'dockerfile',
    storeless: true,
    load: () => import('./commands/dockerfile-ast.ts'),
  },
  {
    name: 'dockerfile explain',
    summary: 'Say what each instruction will do, and when it is done again',
    group: 'dockerfile',
    storeless: true,
    load: () => import('./commands/dockerfile-explain.ts'),
  },
  {
    name: 'dockerfile fmt',
    summary: 'Format Dockerfiles',
    group: 'dockerfile',
    storeless: true,
    load: () => import('./commands/dockerfile-fmt.ts'),
  },
  {
    name: 'dockerfile outline',
    summary: 'List the arguments, secrets and SSH agents that a build takes',
    group: 'dockerfile',
    storeless: true,
    load: () => import('./commands/dockerfile-outline.ts'),
  },
  {
    name: 'dockerfile targets',
    summary: 'List the stages that can be built',
    group: 'dockerfile',
    storeless: true,
    load: () => import('./commands/dockerfile-targets.ts'),
  },
  {
    name: 'builder prune',
    summary: 'Remove build cache',
    aliases: ['buildx prune'],
    group: 'system',
    load: () => import('./commands/builder-prune.ts'),
  },
  {
    name: 'cache-mount export',
    summary: "Write a cache mount's files to a tar archive (streamed to STDOUT by default)",
    group: 'system',
    load: () => import('./commands/cache-mount-export.ts'),
  },
  {
    name: 'cache-mount import',
    summary: 'Fill a cache mount from a tar archive or STDIN',
    group: 'system',
    load: () => import('./commands/cache-mount-import.ts'),
  },
  {
    name: 'cache-mount ls',
    summary: 'List what RUN --mount=type=cache keeps between builds',
    aliases: ['cache-mount list'],
    group: 'system',
    load: () => import('./commands/cache-mount-ls.ts'),
  },
  {
    name: 'cache-mount rm',
    summary: 'Remove one or more cache mounts',
    aliases: ['cache-mount remove'],
    group: 'system',
    load: () => import('./commands/cache-mount-rm.ts'),
  },
  {
    name: 'info',
    summary: 'Show what this machine offers and what is missing',
    aliases: ['system info'],
    group: 'system',
    load: () => import('./commands/info.ts'),
  },
  {
    name: 'system check',
    summary: 'Look for damage in the store',
    group: 'system',
    load: () => import('./commands/system-check.ts'),
  },
  {
    name: 'system df',
    summary: 'Show disk usage',
    group: 'system',
    load: () => import('./commands/system-df.ts'),
  },
  {
    name: 'system prune',
    summary: 'Remove unused data',
    group: 'system',
    load: () => import('./commands/system-prune.ts'),
  },
  {
    name: 'version',
    summary: 'Show the version',
    group: 'system',
    storeless: true,
    load: () => import('./commands/version.ts'),
  },
]

/** What the words of a command line mean. */
export type Found =
  | { readonly kind: 'verb'; readonly entry: Entry; readonly name: string; readonly args: readonly string[] }
  /** Words such as `image` that are only the first half of a name; the rest is what follows. */
  | { readonly kind: 'group'; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly name: string }

/** Finds the verb at the start of `words`. */
export function find(words: readonly string[]): Found {
  const [first = '', second] = words
  for (const length of second === undefined ? [1] : [2, 1]) {
    const name = words.slice(0, length).join(' ')
    for (const entry of entries) {
      if (entry.name === name) return { kind: 'verb', entry, name, args: words.slice(length) }
      for (const alias of entry.aliases ?? []) {
        if (aliasName(alias) !== name) continue
        return { kind: 'verb', entry, name, args: [...presets(alias), ...words.slice(length)] }
      }
    }
  }
  if (members(first).length > 0) return { kind: 'group', name: first, rest: words.slice(1) }
  return { kind: 'unknown', name: first }
}

/** The verbs of a group, by the names they have in it: `prune` and `ls` of `image`. */
export function members(group: string): { readonly name: string; readonly summary: string }[] {
  const found: { name: string; summary: string }[] = []
  for (const entry of entries) {
    const name = [entry.name, ...names(entry)].find((name) => name.startsWith(`${group} `))
    if (name) found.push({ name: name.slice(group.length + 1), summary: entry.summary })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The other names of a verb. */
export function names(entry: Entry): string[] {
  return (entry.aliases ?? []).map(aliasName)
}

function aliasName(alias: string): string {
  return alias.replace(/ --.*/, '')
}

function presets(alias: string): string[] {
  return alias.split(' ').filter((word) => word.startsWith('--'))
}
