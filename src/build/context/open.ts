import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ignoreMatcher, parseIgnore } from '../../dockerfile/mod.ts'
import { execChecked } from '../../host/mod.ts'
import { applyLayer } from '../../layers/mod.ts'
import { bytesOf, errno, StrakeError } from '../../lib/mod.ts'
import { readInRoot } from '../../runtime/mod.ts'
import type { Workspace } from '../execution.ts'
import type { LocalSource } from '../operations/copy.ts'
import type { Download } from '../operations/download.ts'
import type { BuildContext, BuildOptions } from '../types.ts'
import { openStatCache } from './stat-cache.ts'
import { openTree } from './tree.ts'

export interface OpenedContext {
  /** The Dockerfile: its text, and its name as a person knows it. */
  readonly dockerfile: { readonly text: Buffer; readonly file: string }
  readonly source: LocalSource
}

/**
 * Finds the files of a build. A folder is read in place; everything else is brought into a directory of the build.
 * Throws `not_found` in docker's words where folder or Dockerfile are missing.
 */
export async function openContext(
  workspace: Workspace,
  options: BuildOptions,
  download: Download,
): Promise<OpenedContext> {
  const { context } = options
  const root = await contextRoot(workspace, context, download)
  const dockerfile = findDockerfile(root, options)
  return {
    dockerfile,
    source: openSource(workspace, root, { inPlace: context.kind === 'directory', dockerfile: dockerfile.path }),
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
  }: { inPlace: boolean; dockerfile?: string | undefined; name?: string },
): LocalSource {
  const own = dockerfile && `${dockerfile}.dockerignore`
  const file = own && existsSync(own) ? own : join(root, '.dockerignore')
  const patterns = existsSync(file) ? parseIgnore(readFileSync(file)) : []
  const ignore = patterns.length ? ignoreMatcher(patterns) : undefined
  return {
    tree: openTree(bytesOf(root), name, { ignore, ignoreFile: basename(file) }),
    statCache: inPlace ? openStatCache(workspace.store.root, root) : undefined,
  }
}

async function contextRoot(workspace: Workspace, context: BuildContext, download: Download): Promise<string> {
  const directory = () => {
    const path = join(workspace.scratch, 'context')
    mkdirSync(path)
    return path
  }
  switch (context.kind) {
    case 'directory':
      return existingDirectory(context.path)
    case 'empty':
      return directory()
    case 'tar': {
      const path = directory()
      await applyLayer(path, context.stream, { signal: workspace.signal, whiteouts: 'keep' })
      return path
    }
    case 'git':
      return checkout(workspace, context.url, directory())
    case 'url': {
      const fetched = await download(context.url, 'context')
      const file = join(fetched.directory, fetched.name)
      const path = directory()
      const { createReadStream } = await import('node:fs')
      await applyLayer(path, createReadStream(file), { signal: workspace.signal, whiteouts: 'keep' })
      return path
    }
  }
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

/** `URL#ref:folder`, as docker reads it. */
async function checkout(workspace: Workspace, url: string, directory: string): Promise<string> {
  const [remote = '', fragment = ''] = url.split('#', 2)
  const colon = fragment.indexOf(':')
  const ref = (colon < 0 ? fragment : fragment.slice(0, colon)) || 'HEAD'
  const folder = colon < 0 ? '' : fragment.slice(colon + 1)
  if (ref.startsWith('-') || remote.startsWith('-')) throw new StrakeError('invalid', `invalid git URL: ${url}`)
  const git = (...args: string[]) =>
    execChecked('git', ['-C', directory, ...args], {
      signal: workspace.signal,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
    })
  try {
    await git('init', '--quiet')
    await git('fetch', '--quiet', '--depth=1', '--', remote, ref)
    await git('checkout', '--quiet', 'FETCH_HEAD')
    await git('submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1')
  } catch (error) {
    if (!(error instanceof StrakeError) || error.code !== 'failed') throw error
    throw new StrakeError('unavailable', `can't fetch the git context ${url}: ${error.message}`, { cause: error })
  }
  const inside = join('/', folder)
  return existingDirectory(join(directory, inside))
}

function findDockerfile(
  root: string,
  { context, dockerfile, file }: BuildOptions,
): { text: Buffer; file: string; path?: string } {
  if (dockerfile !== undefined) return { text: Buffer.from(dockerfile), file: 'Dockerfile' }
  const name = file ?? 'Dockerfile'
  if (context.kind !== 'directory') {
    const text = readInRoot(root, name, 16 << 20)
    if (!text) throw noDockerfile(name)
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
    if (errno(error) === 'ENOENT' || errno(error) === 'EISDIR' || errno(error) === 'ENOTDIR') throw noDockerfile(name)
    throw error
  }
}

function noDockerfile(name: string): StrakeError {
  return new StrakeError('not_found', `failed to read dockerfile: open ${name}: no such file or directory`, {
    hint: 'Name the folder that holds the Dockerfile, or the file itself with -f.',
  })
}
