import { createReadStream, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Material } from '../../attest/mod.ts'
import { type GitUrl, ignoreMatcher, isTrue, parseGitUrl, parseIgnore } from '../../dockerfile/mod.ts'
import { applyLayer } from '../../layers/mod.ts'
import { bytesOf, errno, StrakeError } from '../../lib/mod.ts'
import { readInRoot } from '../../runtime/mod.ts'
import type { Workspace } from '../execution.ts'
import type { LocalSource } from '../operations/copy.ts'
import type { BuildContext, BuildOptions } from '../types.ts'
import { isArchive } from './archive.ts'
import { gitSource } from './git.ts'
import { httpSource } from './http.ts'
import type { Fetched } from './remote.ts'
import { openStatCache } from './stat-cache.ts'
import { openTree } from './tree.ts'

export interface OpenedContext {
  /** The Dockerfile: its text, and its name as a person knows it. */
  readonly dockerfile: { readonly text: Buffer; readonly file: string }
  readonly source: LocalSource
  /** When the commit that it is was made, in seconds since the epoch. */
  readonly committedAt?: number
  /** What it was fetched from. */
  readonly material?: Material
}

/**
 * Finds the files of a build. A folder is read in place; everything else is brought into a directory of the build.
 * Throws `not_found` in docker's words where folder or Dockerfile are missing.
 */
export async function openContext(workspace: Workspace, options: BuildOptions): Promise<OpenedContext> {
  const { context } = options
  const keepGitDir = isTrue(options.buildArgs?.BUILDKIT_CONTEXT_KEEP_GIT_DIR ?? '')
  const { directory: root, committedAt } = await contextRoot(workspace, context, keepGitDir)
  // Nothing else was fetched so far.
  const [material] = workspace.materials
  // A URL may be that of a Dockerfile alone.
  const alone = context.kind === 'url' && existsSync(join(root, contextFile))
  const dockerfile = findDockerfile(root, alone ? { ...options, file: contextFile } : options)
  return {
    dockerfile,
    source: openSource(workspace, root, {
      inPlace: context.kind === 'directory',
      dockerfile: dockerfile.path,
      origin: material?.uri,
    }),
    ...(material && { material }),
    ...(committedAt !== undefined && { committedAt }),
  }
}

/** A folder with its ignore file: the Dockerfile's own (`NAME.dockerignore`) where there is one, else `.dockerignore`. */
export function openSource(
  workspace: Workspace,
  root: string,
  {
    inPlace,
    dockerfile,
    name = 'the build context',
    origin = 'local://context',
  }: { inPlace: boolean; dockerfile?: string | undefined; name?: string; origin?: string | undefined },
): LocalSource {
  const own = dockerfile && `${dockerfile}.dockerignore`
  const file = own && existsSync(own) ? own : join(root, '.dockerignore')
  const patterns = existsSync(file) ? parseIgnore(readFileSync(file)) : []
  const ignore = patterns.length ? ignoreMatcher(patterns) : undefined
  return {
    origin,
    tree: openTree(bytesOf(root), name, { ignore, ignoreFile: basename(file) }),
    statCache: inPlace ? openStatCache(workspace.store.root, root) : undefined,
  }
}

async function contextRoot(
  workspace: Workspace,
  context: BuildContext,
  keepGitDir: boolean,
): Promise<Pick<Fetched, 'directory' | 'committedAt'>> {
  const directory = () => {
    const path = join(workspace.scratch, 'context')
    mkdirSync(path)
    return path
  }
  switch (context.kind) {
    case 'directory':
      return { directory: existingDirectory(context.path) }
    case 'empty':
      return { directory: directory() }
    case 'tar': {
      const path = directory()
      await applyLayer(path, context.stream, { signal: workspace.signal, whiteouts: 'keep' })
      return { directory: path }
    }
    case 'git':
      return fetchGit(workspace, gitUrl(context.url), keepGitDir)
    case 'url':
      return { directory: await fetchUrl(workspace, context.url) }
  }
}

/** The root of a repository, or of the folder in it that the URL names. */
export function fetchGit(workspace: Workspace, url: GitUrl, keepGitDir = false): Promise<Fetched> {
  return gitSource(workspace, { ...url, keepGitDir: url.keepGitDir || keepGitDir }).fetch()
}

function gitUrl(url: string): GitUrl {
  const parsed = parseGitUrl(url, { context: true })
  if (!parsed) throw new StrakeError('invalid', `invalid git URL: ${url}`)
  return parsed
}

/** What a file is named that is all of a context, as BuildKit names it. */
const contextFile = 'context'

/** What is in the tar behind the URL, or the one file that it is. */
async function fetchUrl(workspace: Workspace, url: string): Promise<string> {
  const source = httpSource(workspace, url, { vertex: 'context', filename: contextFile })
  const { directory } = await source.fetch()
  const file = join(directory, contextFile)
  if (!(await isArchive(file))) return directory
  const path = `${directory}-contents`
  mkdirSync(path)
  await applyLayer(path, createReadStream(file), { signal: workspace.signal, whiteouts: 'keep' })
  return path
}

function existingDirectory(path: string): string {
  try {
    const real = realpathSync(path)
    if (statSync(real).isDirectory()) return real
  } catch (error) {
    if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') throw error
    throw new StrakeError('not_found', `unable to prepare context: path "${path}" not found`)
  }
  throw new StrakeError('invalid', `unable to prepare context: "${path}" is not a directory`)
}

function findDockerfile(
  root: string,
  { context, dockerfile, file }: BuildOptions,
): { text: Buffer; file: string; path?: string } {
  if (dockerfile !== undefined) return { text: Buffer.from(dockerfile), file: 'Dockerfile' }
  const name = file ?? 'Dockerfile'
  if (context.kind !== 'directory') {
    const text = readInRoot(root, name, 16 << 20)
    if (!text) throw noDockerfile(name, 'ENOENT')
    return { text, file: name }
  }
  const path = file ?? join(root, 'Dockerfile')
  try {
    return { text: readFileSync(path), file: file ?? 'Dockerfile', path }
  } catch (error) {
    const lower = join(root, 'dockerfile')
    if (file === undefined && errno(error) === 'ENOENT' && existsSync(lower)) {
      return { text: readFileSync(lower), file: 'dockerfile', path: lower }
    }
    throw noDockerfile(name, errno(error), error)
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'open %: no such file or directory',
  ENOTDIR: 'open %: not a directory',
  EISDIR: 'read %: is a directory',
  EACCES: 'open %: permission denied',
  ELOOP: 'open %: too many levels of symbolic links',
}

function noDockerfile(name: string, code: string | undefined, cause?: unknown): unknown {
  const reason = code === undefined ? undefined : reasons[code]
  if (!reason) return cause
  return new StrakeError('not_found', `failed to read dockerfile: ${reason.replace('%', () => name)}`, {
    hint: 'Name the folder that holds the Dockerfile, or the file itself with -f.',
    cause,
  })
}
