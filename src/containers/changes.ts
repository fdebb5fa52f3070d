import { watch } from 'node:fs'
import { errno } from '../lib/mod.ts'

/** What happens to a file, or in a directory. */
export interface Changes extends Disposable {
  /** Resolves at the next change, at once where there was one since the last call; or after so many milliseconds, or by signal. */
  next(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** Watches from now on. Where the kernel has no watches left, `next` comes back every 20 ms. */
export function watchChanges(path: string): Changes {
  let changed = false
  let wake = () => {}
  const watcher = startWatching(path, () => {
    changed = true
    wake()
  })
  return {
    next(milliseconds, signal) {
      if (changed || signal?.aborted) {
        changed = false
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', done)
          wake = () => {}
          changed = false
          resolve()
        }
        const timer = setTimeout(done, watcher ? milliseconds : Math.min(milliseconds, 20))
        signal?.addEventListener('abort', done, { once: true })
        wake = done
      })
    },
    [Symbol.dispose]: () => watcher?.close(),
  }
}

function startWatching(path: string, listener: () => void) {
  try {
    return watch(path, listener).on('error', listener)
  } catch (error) {
    if (!['ENOSPC', 'EMFILE', 'ENOENT'].includes(errno(error) ?? '')) throw error
    return undefined
  }
}
