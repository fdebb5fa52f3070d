import { closeSync, fstatSync, readSync, type Stats } from 'node:fs'
import { openDirectory, sys } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'

/** Who a process in a container is. */
export interface User {
  readonly uid: number
  readonly gid: number
  /** The main group first, then the supplementary ones. */
  readonly groups: readonly number[]
  readonly home: string
}

const O_NONBLOCK = 0o4000
/** Ids are 32 bits, but programs hold them in signed integers: Docker's bound. */
const maxId = 2 ** 31 - 1
/** More than any /etc/passwd of a machine with a hundred thousand users. */
const maxDatabase = 16 << 20

/**
 * A regular file of a root file system, as a process chrooted there would open it: symlinks lead nowhere else.
 * Undefined where there is none, or something else than a file. At most `limit` bytes are read; throws `invalid` beyond.
 */
export function readInRoot(rootfs: string, path: string, limit: number): Buffer | undefined {
  return withFile(rootfs, path, (fd, { size }) => {
    if (size > limit) throw new StrakeError('invalid', `${path} in the image is too large: ${size} bytes`)
    return read(fd, size)
  })
}

/** As `readInRoot`, but of a longer file the first `most` bytes. */
export function readHeadInRoot(rootfs: string, path: string, most: number): Buffer | undefined {
  return withFile(rootfs, path, (fd, { size }) => read(fd, Math.min(size, most)))
}

function read(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let length = 0
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}

/** Lends a regular file of a root file system, opened as by `readInRoot`. Undefined where there is none. */
export function withFile<T>(rootfs: string, path: string, use: (fd: number, stat: Stats) => T): T | undefined {
  const root = openDirectory(rootfs)
  let fd: number
  try {
    // Without O_NONBLOCK, a FIFO would hold us until somebody writes into it.
    fd = sys.openat2(root, path, O_NONBLOCK, sys.RESOLVE_IN_ROOT | sys.RESOLVE_NO_MAGICLINKS)
  } catch (error) {
    const code = errno(error) ?? ''
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES', 'ENODEV', 'ENAMETOOLONG', 'EXDEV'].includes(code)) return
    throw error
  } finally {
    closeSync(root)
  }
  try {
    const stat = fstatSync(fd)
    return stat.isFile() ? use(fd, stat) : undefined
  } finally {
    closeSync(fd)
  }
}

/**
 * Finds `user[:group]`, each a name or a number, in the container's own /etc/passwd and /etc/group. An empty user is root.
 * Numbers need not be listed. Supplementary groups are those that list the user, but none where a group is given.
 * Throws `invalid` in docker's words.
 */
export function resolveUser(rootfs: string, user: string): User {
  const [name = '', group = ''] = split(user)
  const account = findUser(lines(rootfs, '/etc/passwd'), name)
  const groups = lines(rootfs, '/etc/group')
  if (group) {
    const gid = findGroup(groups, group)
    return { uid: account.uid, gid, groups: [gid], home: account.home }
  }
  const more = groups.flatMap(([, , gid, members = '']) =>
    account.name !== undefined && members.split(',').includes(account.name) && isId(gid) ? [Number(gid)] : [],
  )
  return { uid: account.uid, gid: account.gid, groups: [...new Set([account.gid, ...more])], home: account.home }
}

/** The number of a group, by its name in the container's own /etc/group or its number. Throws `invalid` in docker's words. */
export function resolveGroup(rootfs: string, group: string): number {
  return findGroup(lines(rootfs, '/etc/group'), group)
}

function split(user: string): string[] {
  const colon = user.indexOf(':')
  return colon < 0 ? [user] : [user.slice(0, colon), user.slice(colon + 1)]
}

function findUser(passwd: string[][], name: string) {
  const number = isNumber(name || '0') ? Number(name || '0') : undefined
  if (number !== undefined && number > maxId) throw outOfRange()
  // A name made of digits is first looked for as a name.
  const entry =
    passwd.find(([login]) => name !== '' && login === name) ??
    passwd.find(([, , uid]) => number !== undefined && isId(uid) && Number(uid) === number)
  if (entry && isId(entry[2])) {
    const gid = isId(entry[3]) ? Number(entry[3]) : 0
    return { name: entry[0], uid: Number(entry[2]), gid, home: entry[5] || '/' }
  }
  if (number === undefined) {
    throw new StrakeError('invalid', `unable to find user ${name}: no matching entries in passwd file`, {
      hint: `Create it first: RUN useradd ${name}`,
    })
  }
  return { name: undefined, uid: number, gid: 0, home: '/' }
}

function findGroup(groups: string[][], group: string): number {
  const entry = groups.find(([name]) => name === group)
  if (entry && isId(entry[2])) return Number(entry[2])
  if (!isNumber(group)) {
    throw new StrakeError('invalid', `unable to find group ${group}: no matching entries in group file`, {
      hint: `Create it first: RUN groupadd ${group}`,
    })
  }
  if (Number(group) > maxId) throw outOfRange()
  return Number(group)
}

function outOfRange(): StrakeError {
  return new StrakeError('invalid', `uids and gids must be in range 0-${maxId}`)
}

function lines(rootfs: string, path: string): string[][] {
  const text = readInRoot(rootfs, path, maxDatabase)?.toString() ?? ''
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function isId(text: string | undefined): boolean {
  return text !== undefined && isNumber(text) && Number(text) <= maxId
}
