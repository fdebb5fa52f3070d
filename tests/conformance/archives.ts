import { execFileSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Member, member, writeTar } from '../support/tar.ts'

/** vfs_cap_data, version 2: cap_net_raw, permitted and effective. */
export const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex')

/** A time for each member that tells them apart. */
const at = (seconds: number) => ({ mtime: 1_100_000_000 + seconds })

const packed = writeTar([
  member.dir('packed', { mode: 0o750, uid: 5, gid: 6, ...at(0) }),
  member.file('packed/file', 'packed\n', { mode: 0o4711, uid: 5, gid: 6, ...at(1) }),
  member.link('packed/hard', 'packed/file', { mode: 0o4711, uid: 5, gid: 6, ...at(1) }),
  member.symlink('packed/soft', 'file', at(2)),
  member.file('not/named/parents', 'x\n', at(3)),
  member.file('packed/capable', 'c\n', { mode: 0o755, xattrs: { 'security.capability': netRaw } }),
  member.file('have/kept', 'over\n', { mode: 0o600 }),
])

const layout = [
  member.dir('soft', { mode: 0o700, ...at(0) }),
  member.file('file2/below', 'below\n', at(1)),
  member.file('soft/x', 'x\n', at(2)),
]

const special: Member[] = [
  { ...member.dir('pipe', at(0)), kind: 'fifo' },
  { ...member.dir('null', { mode: 0o666, ...at(1) }), kind: 'char', device: [1, 3] },
  { ...member.dir('disk', { mode: 0o640, gid: 6, ...at(2) }), kind: 'block', device: [7, 9] },
  member.dir('sticky', { mode: 0o3777, ...at(4) }),
]

const paths = [
  member.file('/absolute', 'absolute\n', at(1)),
  member.file('./dot/./file', 'dot\n', at(2)),
  member.file('a/../b', 'b\n', at(3)),
]

const links = [
  member.dir('real', at(0)),
  member.symlink('to-real', 'real', at(1)),
  member.file('to-real/through', 'through\n', at(2)),
  member.symlink('up', '../../..', at(3)),
  member.symlink('absolute', '/have/kept', at(4)),
  member.link('second', 'real/through', at(2)),
]

const twice = [
  member.file('x', 'first\n', at(0)),
  member.dir('y', at(1)),
  member.file('x', 'second\n', { mode: 0o600, ...at(2) }),
  member.dir('y', { mode: 0o700, ...at(3) }),
]

/** Archives of all kinds that ADD may meet: name in the context → bytes. */
export const archives: Readonly<Record<string, () => Buffer>> = {
  'packed.tar': () => packed,
  'packed.tar.gz': () => gzipSync(packed),
  'packed.zst': () => zstdCompressSync(packed),
  'packed.tar.bz2': () => execFileSync('bzip2', ['-c'], { input: packed }),
  'packed.tgz.txt': () => gzipSync(packed),
  'not-a-tar.tar': () => Buffer.from('just text\n'),
  'text.gz': () => gzipSync('not a tar\n'),
  'layout.tar': () => writeTar(layout),
  'special.tar': () => writeTar(special),
  'above.tar': () => writeTar([member.file('../above', 'above\n')]),
  'paths.tar': () => writeTar(paths),
  'links.tar': () => writeTar(links),
  'twice.tar': () => writeTar(twice),
  'empty.tar': () => writeTar([]),
  'truncated.gz': () => gzipSync(packed).subarray(0, 200),
}
