import { closeSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { errno, StrakeError } from '../lib/mod.ts'

/**
 * A file that a command writes when it is done, such as that of `--iidfile`. What stood there goes at once, so that a command that
 * fails leaves nothing of an earlier one; pipes and devices stay. Throws `failed`, now, where it can't be written.
 *
 * @returns what writes it
 */
export function resultFile(option: string, path: string): (text: string) => void {
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      if (errno(error) === undefined) throw error
      const why = (error as Error).message.replace(/^\w+: /, '')
      throw new StrakeError('failed', `--${option} can't be written: ${why}`, { cause: error })
    }
  }
  attempt(() => {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there && !there.isFile() && !there.isDirectory()) return
    closeSync(openSync(path, 'w'))
    rmSync(path)
  })
  return (text) => attempt(() => writeFileSync(path, text))
}
