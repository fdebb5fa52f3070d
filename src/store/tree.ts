import { randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs'
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
  eachFile(path, (stat) => {
    if (stat.nlink > 1 && seen.size === seen.add(inodeOf(stat)).size) return
    size += stat.size
  })
  return size
}

/** Bytes of the files that have all their names below these paths: what is free when they are removed. */
export function onlySize(paths: readonly string[]): number {
  const names = new Map<string, number>()
  let size = 0
  for (const path of paths) {
    eachFile(path, (stat) => {
      const count = stat.nlink > 1 ? (names.get(inodeOf(stat)) ?? 0) + 1 : 1
      if (stat.nlink > 1) names.set(inodeOf(stat), count)
      if (count === stat.nlink) size += stat.size
    })
  }
  return size
}

/** Bytes of the files below `path` that have another name below `other`. */
export function sharedSize(path: string, other: string): number {
  const inodes = new Set<string>()
  eachFile(other, (stat) => void (stat.nlink > 1 && inodes.add(inodeOf(stat))))
  let size = 0
  eachFile(path, (stat) => {
    if (inodes.delete(inodeOf(stat))) size += stat.size
  })
  return size
}

function inodeOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

/** Calls `visit` for each name of a regular file. */
function eachFile(path: string, visit: (stat: Stats) => void): void {
  const add = (file: string) => {
    // A path longer than PATH_MAX can be made, but not used.
    if (file.length > 4095) return
    const stat = lstatSync(Buffer.from(file, 'latin1'), { throwIfNoEntry: false })
    if (stat?.isDirectory()) {
      for (const entry of readDirectory(file)) if (entry.isDirectory() || entry.isFile()) add(`${file}/${entry.name}`)
    } else if (stat?.isFile()) visit(stat)
  }
  add(Buffer.from(path).toString('latin1'))
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
