import { exec } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { OpenedContext } from './context/open.ts'
import type { Tree } from './context/tree.ts'
import type { BuildOptions } from './types.ts'

/** SOURCE_DATE_EPOCH in seconds; undefined where it is not set. Throws `invalid`. */
export function givenEpoch({ buildArgs = {} }: BuildOptions): number | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH ?? ''
  if (text === '') return undefined
  const seconds = Number(text)
  // What a date of JavaScript can hold.
  if (/^\d+$/.test(text) && seconds <= 8.64e12) return seconds
  throw new StrakeError('invalid', `invalid SOURCE_DATE_EPOCH: ${text}`, {
    hint: 'It is a number of seconds since 1970, as "git log -1 --format=%ct" tells.',
  })
}

/** The time of what is built, in seconds: that of the last commit, else that of the newest file of the context. */
export async function inputsEpoch({ source, committedAt }: OpenedContext, options: BuildOptions): Promise<number> {
  const { context, signal } = options
  const commit = committedAt ?? (context.kind === 'directory' ? await commitTime(context.path, signal) : undefined)
  return commit ?? newestFile(source.tree)
}

/** When the commit of a work tree was made. Undefined where the folder is in none, and where git is not installed. */
async function commitTime(folder: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  try {
    // Whosever the repository is: this runs nothing that it configures.
    const args = ['-c', 'safe.directory=*', '-C', folder, 'cat-file', 'commit', 'HEAD']
    const { exitCode, stdout } = await exec('git', args, { signal, env: { ...process.env, LC_ALL: 'C' } })
    const [, seconds] = (exitCode === 0 && /^committer .* (\d+) [-+]\d{4}$/m.exec(stdout)) || []
    return seconds === undefined ? undefined : Number(seconds)
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'unavailable') return undefined
    throw error
  }
}

function newestFile(tree: Tree): number {
  let newest = 0n
  const visit = (directory: string) => {
    for (const name of tree.list(directory)) {
      const path = directory === '' ? name : `${directory}/${name}`
      const stat = tree.stat(path)
      if (stat?.isDirectory()) visit(path)
      else if (stat && stat.mtimeNs > newest) newest = stat.mtimeNs
    }
  }
  visit('')
  return Number(newest / 1_000_000_000n)
}
