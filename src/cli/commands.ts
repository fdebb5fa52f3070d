import { existsSync } from 'node:fs'
import type { Command } from './command.ts'

/** A verb as the table knows it: enough for the overview and to find the file that holds the rest. */
export interface Entry {
  readonly name: string
  readonly summary: string
  /** Other names of the same verb. Options that follow such a name are given with it. */
  readonly aliases?: readonly string[]
  /** The heading it stands under in `strake --help`. Without one it is not shown there. */
  readonly group?: 'common' | 'images' | 'containers' | 'dockerfile' | 'hub' | 'system'
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
    name: 'pull',
    summary: 'Download an image from a registry',
    aliases: ['image pull'],
    group: 'common',
    load: () => import('./commands/pull.ts'),
  },
  {
    name: 'push',
    summary: 'Upload an image to a registry',
    aliases: ['image push'],
    group: 'common',
    load: () => import('./commands/push.ts'),
  },
  {
    name: 'login',
    summary: 'Authenticate to a registry',
    group: 'common',
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'logout',
    summary: 'Log out from a registry',
    group: 'common',
    load: () => import('./commands/logout.ts'),
  },
  {
    name: 'search',
    summary: 'Search a registry for images',
    group: 'common',
    load: () => import('./commands/search.ts'),
  },
  {
    name: 'bootstrap',
    summary: "Make a base image from a distribution's packages",
    group: 'common',
    load: () => import('./commands/bootstrap.ts'),
  },
  {
    name: 'image copy',
    summary: 'Copy an image between registries, the store, layouts and archives',
    aliases: ['image cp'],
    group: 'images',
    load: () => import('./commands/image-copy.ts'),
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
    name: 'manifest annotate',
    summary: 'Say for which platform an image of an index is',
    group: 'images',
    load: () => import('./commands/manifest-annotate.ts'),
  },
  {
    name: 'manifest create',
    summary: 'Put an index together from images of registries',
    group: 'images',
    load: () => import('./commands/manifest-create.ts'),
  },
  {
    name: 'manifest inspect',
    summary: 'Show an image manifest, or an index',
    group: 'images',
    load: () => import('./commands/manifest-inspect.ts'),
  },
  {
    name: 'manifest push',
    summary: 'Upload an index to its registry',
    group: 'images',
    load: () => import('./commands/manifest-push.ts'),
  },
  {
    name: 'manifest rm',
    summary: 'Forget one or more indexes that were begun',
    group: 'images',
    load: () => import('./commands/manifest-rm.ts'),
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
    name: 'hub gc',
    summary: 'Apply the rules of retention and remove what no tag needs, while the hub serves',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-gc.ts'),
  },
  {
    name: 'hub mirror add',
    summary: 'Add a namespace that copies another registry as its images are pulled',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-mirror-add.ts'),
  },
  {
    name: 'hub org add',
    summary: 'Add an organisation: a namespace of several users',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-add.ts'),
  },
  {
    name: 'hub org join',
    summary: 'Make a user a member of an organisation, or change their role',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-join.ts'),
  },
  {
    name: 'hub org leave',
    summary: 'End the membership of a user in an organisation',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-leave.ts'),
  },
  {
    name: 'hub org ls',
    summary: 'List organisations and mirrors with their members',
    aliases: ['hub org list'],
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-ls.ts'),
  },
  {
    name: 'hub org rm',
    summary: 'Remove organisations or mirrors that have no repositories',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-rm.ts'),
  },
  {
    name: 'hub org set',
    summary: 'Change the quota of an organisation or a mirror',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-org-set.ts'),
  },
  {
    name: 'hub repo ls',
    summary: 'List the repositories of the hub',
    aliases: ['hub repo list'],
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-repo-ls.ts'),
  },
  {
    name: 'hub repo rm',
    summary: "Remove repositories with all their tags; 'hub gc' frees the space",
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-repo-rm.ts'),
  },
  {
    name: 'hub repo set',
    summary: 'Change the settings of a repository, or make it before the first push',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-repo-set.ts'),
  },
  {
    name: 'hub serve',
    summary: 'Serve a registry with accounts and a web page',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-serve.ts'),
  },
  {
    name: 'hub token create',
    summary: 'Make an access token, which a program uses in the place of a password',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-token-create.ts'),
  },
  {
    name: 'hub token ls',
    summary: 'List access tokens, and with --all the logins of clients and browsers',
    aliases: ['hub token list'],
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-token-ls.ts'),
  },
  {
    name: 'hub token rm',
    summary: 'End access tokens or logins, at once',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-token-rm.ts'),
  },
  {
    name: 'hub user add',
    summary: 'Add a user to the hub',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-add.ts'),
  },
  {
    name: 'hub user import',
    summary: "Add the users of an htpasswd file, as docker's registry has it",
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-import.ts'),
  },
  {
    name: 'hub user ls',
    summary: 'List the users of the hub',
    aliases: ['hub user list'],
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-ls.ts'),
  },
  {
    name: 'hub user passwd',
    summary: 'Change the password of a user, and end their logins',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-passwd.ts'),
  },
  {
    name: 'hub user rm',
    summary: 'Remove users that have no repositories',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-rm.ts'),
  },
  {
    name: 'hub user set',
    summary: 'Change what a user may do',
    group: 'hub',
    storeless: true,
    load: () => import('./commands/hub-user-set.ts'),
  },
  {
    name: 'build explain',
    summary: 'Say why steps of a build were not cached',
    aliases: ['builder explain', 'buildx explain'],
    group: 'system',
    load: () => import('./commands/build-explain.ts'),
  },
  {
    name: 'build history inspect',
    summary: 'Show all that is known of a build',
    aliases: ['builder history inspect', 'buildx history inspect'],
    group: 'system',
    load: () => import('./commands/build-history-inspect.ts'),
  },
  {
    name: 'build history logs',
    summary: 'Show the whole log of a build or of one of its steps',
    aliases: ['builder history logs', 'buildx history logs'],
    group: 'system',
    load: () => import('./commands/build-history-logs.ts'),
  },
  {
    name: 'build history ls',
    summary: 'List builds',
    aliases: ['builder history ls', 'buildx history ls'],
    group: 'system',
    load: () => import('./commands/build-history-ls.ts'),
  },
  {
    name: 'build history rm',
    summary: 'Remove the records of builds',
    aliases: ['builder history rm', 'buildx history rm'],
    group: 'system',
    load: () => import('./commands/build-history-rm.ts'),
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
  /** Words such as `image` or `hub user` that only begin a name; the rest is what follows. */
  | { readonly kind: 'group'; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly name: string }

/** Words of the longest name: `hub user add`. */
const longestName = 3

/** Finds the verb at the start of `words`. */
export function find(words: readonly string[]): Found {
  const isPath = isPathOfBuild(words)
  for (let length = isPath ? 1 : Math.min(words.length, longestName); length > 0; length--) {
    const group = words.slice(0, length + 1).join(' ')
    // `build history`, though `build` alone is a verb.
    if (length === 1 && !isPath && words.length > 1 && members(group).length > 0)
      return { kind: 'group', name: group, rest: words.slice(2) }
    const name = words.slice(0, length).join(' ')
    for (const entry of entries) {
      if (entry.name === name) return { kind: 'verb', entry, name, args: words.slice(length) }
      for (const alias of entry.aliases ?? []) {
        if (aliasName(alias) !== name) continue
        return { kind: 'verb', entry, name, args: [...presets(alias), ...words.slice(length)] }
      }
    }
  }
  for (let length = Math.min(words.length, longestName - 1); length > 0; length--) {
    const name = words.slice(0, length).join(' ')
    if (members(name).length > 0) return { kind: 'group', name, rest: words.slice(length) }
  }
  return { kind: 'unknown', name: words[0] ?? '' }
}

/**
 * `build explain` and `build history` may be verbs of ours, or docker's `build PATH` with a folder of that name. The folder wins
 * where there is one; but with a second word after it (`build history ls`) it can't be meant, since docker refuses that.
 */
function isPathOfBuild([first, second, third]: readonly string[]): boolean {
  if (first !== 'build' || (second !== 'explain' && second !== 'history')) return false
  return (third === undefined || third.startsWith('-')) && existsSync(second)
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
