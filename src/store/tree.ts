import { randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errno } from '../lib/mod.ts'

/**
 * Removes whatever is at `path`, if anything, of any depth, with names of any bytes. No symlink is followed. Directories
 * without permissions, as overlayfs leaves them, are no hindrance to their owner, nor is another process that removes
 * the same tree.
 */
export function removeTree(path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(path, { recursive: true, force: true })
      return
    } catch (error) {
      const name = errno(error) ?? ''
      if (attempt === 5 || !['EACCES', 'EPERM', 'ENOTEMPTY', 'ENOENT'].includes(name)) throw error
      if (name === 'EACCES' || name === 'EPERM') permit(path)
    }
  }
}

/** Lets the owner into all directories of a tree. Paths are byte strings, in latin1. */
function permit(path: string): void {
  const bytes = Buffer.from(path)
  if (lstatSync(bytes, { throwIfNoEntry: false })?.isDirectory()) permitDirectory(bytes.toString('latin1'))
}

function permitDirectory(path: string): void {
  chmodSync(Buffer.from(path, 'latin1'), 0o700)
  for (const entry of readDirectory(path)) if (entry.isDirectory()) permitDirectory(`${path}/${entry.name}`)
}

/** Bytes of the regular files below `path`; a file with several names counts once. 0 where there is nothing, or too deep. */
export function treeSize(path: string): number {
  const seen = new Set<string>()
  let size = 0
  const add = (file: string) => {
    // A path longer than PATH_MAX can be made, but not used.
    if (file.length > 4095) return
    const stat = lstatSync(Buffer.from(file, 'latin1'), { throwIfNoEntry: false })
    if (stat?.isDirectory()) {
      for (const entry of readDirectory(file)) if (entry.isDirectory() || entry.isFile()) add(`${file}/${entry.name}`)
    } else if (stat?.isFile()) {
      const inode = `${stat.dev}:${stat.ino}`
      if (stat.nlink > 1 && seen.has(inode)) return
      if (stat.nlink > 1) seen.add(inode)
      size += stat.size
    }
  }
  add(Buffer.from(path).toString('latin1'))
  return size
}

/** Empty for a directory that is gone, which happens to who walks while others work. */
function readDirectory(path: string) {
  try {
    return readdirSync(Buffer.from(path, 'latin1'), { withFileTypes: true, encoding: 'latin1' })
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

/** Moves a file or directory of the store out of sight, at once. Undefined when another process was faster. */
export function toTrash(root: string, path: string): string | undefined {
  const target = join(root, 'trash', `${basename(path)}.${randomBytes(6).toString('hex')}`)
  try {
    renameSync(path, target)
    return target
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
