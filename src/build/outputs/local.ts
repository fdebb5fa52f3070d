import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { sys } from '../../host/mod.ts'
import type { LayerEntry } from '../../layers/mod.ts'
import { type ByteString, bytesOf, errno, makeFolder, pathOf } from '../../lib/mod.ts'
import { removeTree } from '../../store/mod.ts'
import { contentOf } from './files.ts'

/**
 * Writes files into a folder, which is made if need be, as buildx does: what is there and has another name stays. Each
 * thing is made beside its place and moved there when it is whole. No symlink below the folder is followed: one that stands
 * where a directory belongs gives way to it.
 */
export async function writeFiles(folder: string, entries: AsyncIterable<LayerEntry>): Promise<void> {
  makeFolder(folder)
  const root = bytesOf(folder)
  // What is written into a directory changes its time, and its mode may forbid writing.
  const directories: LayerEntry[] = []
  for await (const entry of entries) {
    if (entry.kind === 'directory') {
      directories.push(entry)
      const path = pathOf(`${root}/${entry.path}`)
      const there = lstatSync(path, { throwIfNoEntry: false })
      if (there?.isDirectory()) continue
      if (there) rmSync(path)
      make(root, entry, path)
    } else replace(root, entry)
  }
  for (const entry of directories.reverse()) finish(pathOf(`${root}/${entry.path}`), entry)
}

function replace(root: ByteString, entry: LayerEntry): void {
  const path = `${root}/${entry.path}`
  const temporary = pathOf(`${path.slice(0, path.lastIndexOf('/'))}/.strake.${process.pid}.part`)
  const place = pathOf(path)
  rmSync(temporary, { force: true })
  try {
    make(root, entry, temporary)
    if (entry.kind !== 'link') finish(temporary, entry)
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) removeDirectory(place)
    renameSync(temporary, place)
  } finally {
    // rename(2) leaves a name that is one of the same file already.
    rmSync(temporary, { force: true })
  }
}

function make(root: ByteString, entry: LayerEntry, path: string | Buffer): void {
  switch (entry.kind) {
    case 'file': {
      const fd = openSync(path, 'wx', 0o600)
      try {
        for (const chunk of contentOf(entry)) {
          for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
        }
      } finally {
        closeSync(fd)
      }
      break
    }
    case 'symlink':
      symlinkSync(pathOf(entry.target), path)
      break
    case 'link':
      linkSync(pathOf(`${root}/${entry.target}`), path)
      break
    case 'device':
      sys.mknod(path, entry.type === 'char' ? 0o020600 : 0o060600, entry)
      break
    case 'fifo':
      sys.mknod(path, 0o010600, { major: 0, minor: 0 })
      break
    case 'directory':
      mkdirSync(path, 0o700)
  }
}

/** Attributes, mode and time; the owner is who writes it. */
function finish(path: string | Buffer, entry: LayerEntry): void {
  for (const [name, value] of entry.xattrs ?? []) {
    // Capabilities are for the image's owners: as with buildx, a folder of this machine does not get them.
    if (name.startsWith('security.')) continue
    try {
      sys.lsetxattr(path, pathOf(name), value)
    } catch (error) {
      // A file system that keeps no such attributes keeps the files.
      if (!['EOPNOTSUPP', 'ENOTSUP'].includes(errno(error) ?? '')) throw error
    }
  }
  if (entry.kind !== 'symlink') chmodSync(path, entry.mode)
  sys.lutimes(path, entry.mtime, entry.mtime)
}

function removeDirectory(path: string | Buffer): void {
  if (typeof path === 'string') removeTree(path)
  else rmSync(path, { recursive: true })
}
