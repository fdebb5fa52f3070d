import { relative, resolve } from 'node:path'
import { exec } from '../../host/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import type { BuildOptions } from '../types.ts'

/**
 * The commit that a folder is of, as buildx tells it: `revision` (with `-dirty` where files are changed), `source`, and
 * the places of context and Dockerfile in the repository. Empty where there is none, or git does not trust it.
 */
export async function commitOf({ context, file, signal }: BuildOptions): Promise<Record<string, string>> {
  if (context.kind !== 'directory') return {}
  const { path } = context
  const git = async (...args: string[]) => {
    // Nothing that the repository configures is run.
    const settings = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null']
    const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' }
    // Those of a hook that runs Strake.
    for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE']) delete env[name]
    const { exitCode, stdout } = await exec('git', [...settings, '-C', path, ...args], { signal, env })
    return exitCode === 0 ? stdout.trim() : undefined
  }
  try {
    const revision = await git('rev-parse', 'HEAD')
    const top = await git('rev-parse', '--show-toplevel')
    if (!revision || !top) return {}
    const changes = await git('status', '--porcelain')
    const source = await git('config', '--get', 'remote.origin.url')
    const place = (of: string) => relative(top, resolve(of)) || '.'
    return {
      'localdir:context': place(path),
      'localdir:dockerfile': place(file === undefined ? path : resolve(file, '..')),
      revision: changes ? `${revision}-dirty` : revision,
      ...(source && { source }),
    }
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'unavailable') return {}
    throw error
  }
}
