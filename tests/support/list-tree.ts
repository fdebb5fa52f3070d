import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { sys } from '../../src/host/mod.ts'

/** By S_IFMT >> 12 (inode(7)). */
const types = ['', 'fifo', 'char', '', 'directory', '', 'block', '', 'file', '', 'symlink', '', 'socket']

/**
 * Everything below a directory that a layer keeps, one line for each name in byte order: path, type, mode, owner, exact
 * time, attributes, and the content or target. Further names of one file say the first of them. overlayfs' own attributes are
 * left out unless `overlay` is set.
 */
export function listTree(root: string, { overlay = false } = {}): string[] {
  const lines: string[] = []
  const first = new Map<string, string>()
  const walk = (path: string) => {
    const place = Buffer.from(path ? `${root}/${path}` : root, 'latin1')
    const { mode, uid, gid, size, mtime, nlink, identity, device } = sys.lstat(sys.AT_FDCWD, place)
    const type = types[mode >> 12]!
    const words = [path, type, (mode & 0o7777).toString(8), `${uid}:${gid}`, `${mtime}`]
    for (const name of sys.llistxattr(place).map(String).sort()) {
      if (!overlay && /^(?:trusted|user)\.overlay\./.test(name)) continue
      words.push(`${name}=${sys.lgetxattr(place, name)!.toString('hex')}`)
    }
    if (type === 'char' || type === 'block') words.push(`${device.major}:${device.minor}`)
    if (type === 'symlink') words.push(`-> ${readlinkSync(place, 'latin1')}`)
    if (type === 'file') words.push(`${size}`, createHash('sha256').update(readFileSync(place)).digest('hex'))
    if (type !== 'directory' && nlink > 1) {
      if (first.has(identity)) words.push(`same as ${first.get(identity)}`)
      else first.set(identity, path)
    }
    if (path) lines.push(words.join(' '))
    if (type !== 'directory') return
    for (const name of readdirSync(place, 'latin1').sort()) walk(path ? `${path}/${name}` : name)
  }
  walk('')
  return lines
}
