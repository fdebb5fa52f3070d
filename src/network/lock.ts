import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sys } from '../host/mod.ts'
import { errno } from '../lib/mod.ts'

const LOCK_EX = 2
const LOCK_NB = 4

let last: Promise<unknown> = Promise.resolve()

/** Runs `body` while nobody else on this machine, in this process or another, holds the lock of that file. */
export function locked<T>(path: string, body: () => Promise<T>): Promise<T> {
  const result = last.then(async () => {
    mkdirSync(dirname(path), { recursive: true })
    const fd = openSync(path, 'w', 0o600)
    try {
      while (!tryLock(fd, path)) await sleep(2)
      return await body()
    } finally {
      closeSync(fd)
    }
  })
  last = result.catch(() => {})
  return result
}

function tryLock(fd: number, path: string): boolean {
  try {
    sys.call('flock', path, fd, LOCK_EX | LOCK_NB)
    return true
  } catch (error) {
    // EWOULDBLOCK is the same number.
    if (errno(error) === 'EAGAIN') return false
    throw error
  }
}
