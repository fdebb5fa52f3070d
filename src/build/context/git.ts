import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { withoutCredentials } from '../../attest/mod.ts'
import { execChecked } from '../../host/mod.ts'
import { bytesOf, StrakeError, textOf } from '../../lib/mod.ts'
import { keyOf } from '../cache.ts'
import type { Workspace } from '../execution.ts'
import type { Fetched, GitOptions, RemoteSource } from './remote.ts'
import { openTree, resolveInTree } from './tree.ts'

/** What a ref of the repository is now. */
interface Resolved {
  readonly commit: string
  /** What the server is asked for: the ref's whole name, or the commit. */
  readonly want: string
}

let count = 0

/** A commit of a repository, without its history. Known by its commit id, wherever it comes from. */
export function gitSource(workspace: Workspace, options: GitOptions): RemoteSource {
  const { remote, ref, subdir, keepGitDir, submodules } = options
  if (ref?.startsWith('-')) throw new StrakeError('invalid', `invalid git ref: ${ref}`)
  checkChecksum(options)
  let resolved: Promise<Resolved> | undefined
  let fetched: Promise<Fetched> | undefined
  const resolve = () => {
    resolved ??= resolveRef(workspace, options).then((found) => {
      const { commit } = found
      const uri = withoutCredentials(remote) + (ref === undefined ? '' : `#${ref}`)
      workspace.materials.push({ uri, digest: { [commit.length === 64 ? 'sha256' : 'sha1']: commit } })
      return found
    })
    return resolved
  }
  return {
    async key() {
      const { commit, want } = await resolve()
      const kept = keepGitDir ? [remote, want] : []
      return keyOf('git', commit, subdir, submodules ? 'submodules' : '', ...kept)
    },
    fetch() {
      fetched ??= resolve().then((found) => checkout(workspace, options, found))
      return fetched
    },
  }
}

function checkChecksum({ checksum }: GitOptions): void {
  if (checksum === undefined || /^[a-fA-F0-9]{1,64}$/.test(checksum)) return
  throw new StrakeError('invalid', `invalid checksum ${checksum} for Git URL, expected hex commit hash`, {
    hint: 'Write the commit id that "git rev-parse HEAD" tells.',
  })
}

const isCommit = (text: string) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)

async function resolveRef(workspace: Workspace, options: GitOptions): Promise<Resolved> {
  const { remote, ref = 'HEAD', checksum } = options
  if (checksum !== undefined && isCommit(checksum) && !options.keepGitDir) {
    if (isCommit(ref)) matchChecksum(checksum, ref)
    return { commit: checksum, want: isCommit(ref) || options.ref === undefined ? checksum : ref }
  }
  if (isCommit(ref)) {
    if (checksum !== undefined) matchChecksum(checksum, ref)
    return { commit: ref, want: ref }
  }
  const listed = await git(workspace, options, ['ls-remote', '--', remote, ref, `${ref}^{}`])
  const commits = new Map(
    listed.split('\n').flatMap((line) => {
      const [commit = '', name] = line.split('\t')
      return name ? [[name, commit] as const] : []
    }),
  )
  const short = ref.replace(/^refs\/(heads|tags)\//, '')
  // A branch comes before a tag of its name, as for git checkout; of an annotated tag the commit counts.
  for (const name of [
    ref === 'HEAD' ? 'HEAD' : `refs/${ref.replace(/^refs\//, '')}`,
    `refs/heads/${short}`,
    `refs/tags/${short}`,
  ]) {
    const commit = commits.get(`${name}^{}`) ?? commits.get(name)
    if (commit === undefined || !isCommit(commit)) continue
    if (checksum !== undefined) matchChecksum(checksum, commit)
    return { commit, want: name }
  }
  throw new StrakeError('not_found', `repository ${redacted(remote)} does not contain ref ${ref}`, {
    hint: /^[0-9a-f]{4,39}$/.test(ref)
      ? 'A commit is asked for by its whole id: git rev-parse SHORT'
      : `See what it has with: git ls-remote ${redacted(remote)}`,
  })
}

function matchChecksum(wanted: string, found: string): void {
  if (found.startsWith(wanted.toLowerCase())) return
  throw new StrakeError('corrupt', `expected checksum to match ${wanted}, got ${found}`, {
    hint: 'The ref is another commit than the checksum says. If that is as it should be, write the new one.',
  })
}

async function checkout(workspace: Workspace, options: GitOptions, { commit, want }: Resolved): Promise<Fetched> {
  const { remote, subdir, submodules } = options
  const directory = join(workspace.scratch, `git-${++count}`)
  mkdirSync(directory, { mode: 0o755 })
  const run = (...args: string[]) => git(workspace, options, args, directory)
  await run('init', '--quiet', ...(commit.length === 64 ? ['--object-format=sha256'] : []))
  await run('remote', 'add', 'origin', remote)
  await fetchCommit(run, { commit, want })
  await run('checkout', '--quiet', '--detach', commit)
  if (submodules) await run('submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1')
  const committedAt = Number(await run('log', '-1', '--format=%ct', commit))
  const tree = openTree(bytesOf(directory), redacted(remote))
  const inside = resolveInTree(tree, bytesOf(subdir ?? ''))
  if (!tree.stat(inside)?.isDirectory()) {
    throw new StrakeError('not_found', `failed to open subdir ${subdir} of ${redacted(remote)}: no such directory`)
  }
  if (options.keepGitDir && inside === '') {
    await run('remote', 'set-url', 'origin', redacted(remote))
    await run('reflog', 'expire', '--all', '--expire=now')
    rmSync(join(directory, '.git', 'FETCH_HEAD'), { force: true })
  } else dropGitFiles(directory)
  return { directory: join(directory, textOf(inside)), file: undefined, committedAt }
}

type Run = (...args: string[]) => Promise<string>

/** Not all servers give a commit that no ref names. Then the whole history must be fetched to find it. */
async function fetchCommit(run: Run, { commit, want }: Resolved): Promise<void> {
  const shallow = ['fetch', '--quiet', '--depth=1', '--no-tags']
  if (want === commit) {
    try {
      await run(...shallow, 'origin', commit)
      return
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code !== 'unavailable') throw error
    }
    await run('fetch', '--quiet', '--tags', 'origin', '+refs/*:refs/remotes/origin/*')
    return
  }
  // Named, so that what is kept of .git knows it.
  await run(
    ...shallow,
    '--force',
    '--update-head-ok',
    'origin',
    want === 'HEAD' ? want : `${want}:${want.startsWith('refs/') ? want : `refs/tags/${want}`}`,
  )
  const found = (await run('rev-parse', 'FETCH_HEAD^{commit}')).trim()
  if (found !== commit) matchChecksum(commit, found)
}

/** `.git`, and that of submodules. */
function dropGitFiles(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.name === '.git') rmSync(path, { recursive: true })
    else if (entry.isDirectory()) dropGitFiles(path)
  }
}

/** Without questions, with the modes of a umask of 022, and only by protocols that can't reach the machine's own files. */
async function git(
  { signal }: Workspace,
  { remote }: Pick<GitOptions, 'remote'>,
  args: readonly string[],
  directory?: string,
): Promise<string> {
  const settings = ['init.defaultBranch=master', 'core.autocrlf=false', 'gc.auto=0'].flatMap((pair) => ['-c', pair])
  const local = remote.startsWith('file://')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: `${local ? 'file:' : ''}http:https:git:ssh`,
  }
  // Those of a hook that runs Strake.
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY']) delete env[name]
  const where = directory === undefined ? [] : ['-C', directory]
  const command = ['-c', 'umask 022; exec "$@"', 'sh', 'git', ...where, ...settings, ...args]
  try {
    return await execChecked('sh', command, { signal, env })
  } catch (error) {
    if (!(error instanceof StrakeError) || error.code !== 'failed') throw error
    const said = error.message.replace(/^sh -c ended with \d+:? ?/, '').trim()
    throw new StrakeError(
      'unavailable',
      `failed to fetch remote ${redacted(remote)}: ${said.replaceAll(remote, redacted(remote))}`,
      {
        cause: error,
        hint: error.exitCode === 127 ? 'Install git.' : undefined,
      },
    )
  }
}

/** Without the password that a URL may have. */
function redacted(remote: string): string {
  return remote.replace(/^([a-z]+:\/\/[^/@:]*):[^/@]*@/, '$1:xxxxx@')
}
