import { closeSync, fchmodSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'

/** Replaces a file's text as a whole: who reads it sees the old one or the new one. Its mode stays; links are followed. */
export function replaceFile(path: string, text: string): void {
  const real = realpathSync(path)
  const beside = `${real}.${process.pid}.tmp`
  const fd = openSync(beside, 'wx')
  try {
    fchmodSync(fd, statSync(real).mode & 0o7777)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    renameSync(beside, real)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}
