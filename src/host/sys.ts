import { closeSync, constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { getSystemErrorMap } from 'node:util'
import type koffiModule from 'koffi'

/**
 * The door to the kernel: libc calls that Node.js does not have, through koffi. Everything is synchronous
 * (a call costs about 0.2 µs; do long work in worker threads) and throws an `Error` with a `code` such as `ENOENT`,
 * as `node:fs` does. koffi is loaded at the first call, so that commands that need none do not pay for it.
 *
 * Paths are strings (UTF-8) or Buffers (any bytes, without the closing NUL).
 */
export type Path = string | Uint8Array

type Koffi = typeof koffiModule
interface Call {
  (...args: unknown[]): number
  async(...args: [...arguments: unknown[], done: (error: unknown, result: number) => void]): void
}

const signatures = {
  mount: 'int mount(const void*, const void*, const void*, unsigned long, const void*)',
  umount2: 'int umount2(const void*, int)',
  unshare: 'int unshare(int)',
  setns: 'int setns(int, int)',
  mknod: 'int mknod(const void*, unsigned int, unsigned long)',
  mknodat: 'int mknodat(int, const void*, unsigned int, unsigned long)',
  openat: 'int openat(int, const void*, int, unsigned int)',
  mkdirat: 'int mkdirat(int, const void*, unsigned int)',
  unlinkat: 'int unlinkat(int, const void*, int)',
  linkat: 'int linkat(int, const void*, int, const void*, int)',
  symlinkat: 'int symlinkat(const void*, int, const void*)',
  readlinkat: 'intptr_t readlinkat(int, const void*, void*, size_t)',
  fchownat: 'int fchownat(int, const void*, unsigned int, unsigned int, int)',
  fchmodat: 'int fchmodat(int, const void*, unsigned int, int)',
  utimensat: 'int utimensat(int, const void*, const void*, int)',
  futimens: 'int futimens(int, const void*)',
  fchmod: 'int fchmod(int, unsigned int)',
  fsetxattr: 'int fsetxattr(int, const void*, const void*, size_t, int)',
  fstatat: 'int statx(int, const void*, int, unsigned int, void*)',
  lgetxattr: 'intptr_t lgetxattr(const void*, const void*, void*, size_t)',
  lsetxattr: 'int lsetxattr(const void*, const void*, const void*, size_t, int)',
  lremovexattr: 'int lremovexattr(const void*, const void*)',
  llistxattr: 'intptr_t llistxattr(const void*, void*, size_t)',
  copy_file_range: 'intptr_t copy_file_range(int, void*, int, void*, size_t, unsigned int)',
  posix_fadvise: 'int posix_fadvise(int, intptr_t, intptr_t, int)',
  lseek: 'intptr_t lseek(int, intptr_t, int)',
  flock: 'int flock(int, int)',
  ioctl: 'int ioctl(int, unsigned long, void*)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void*, unsigned int)',
  setsockopt: 'int setsockopt(int, int, int, const void*, unsigned int)',
  listen: 'int listen(int, int)',
  connect: 'int connect(int, const void*, unsigned int)',
  send: 'intptr_t send(int, const void*, size_t, int)',
  recv: 'intptr_t recv(int, void*, size_t, int)',
  shutdown: 'int shutdown(int, int)',
  syscall: 'intptr_t syscall(intptr_t, intptr_t, const void*, const void*, size_t)',
  geteuid: 'unsigned int geteuid()',
  tcgetattr: 'int tcgetattr(int, void*)',
  tcsetattr: 'int tcsetattr(int, int, const void*)',
} as const

type Name = keyof typeof signatures

let koffi: Koffi | undefined
let libc: ReturnType<Koffi['load']> | undefined
const loaded: Partial<Record<Name, Call>> = {}

function raw(name: Name): Call {
  const known = loaded[name]
  if (known) return known
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi
  libc ??= koffi.load('libc.so.6')
  const call = libc.func(signatures[name]) as unknown as Call
  loaded[name] = call
  return call
}

/** Functions of another library, by their C prototype, and addresses of buffers for structs. Undefined where it is not installed. */
export function openLibrary(
  name: string,
): { readonly load: (prototype: string) => Call; readonly address: (buffer: Uint8Array) => bigint } | undefined {
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi
  const door = koffi
  let library: ReturnType<Koffi['load']>
  try {
    library = door.load(name)
  } catch {
    return undefined
  }
  return {
    load: (prototype) => library.func(prototype) as unknown as Call,
    address: (buffer) => door.address(buffer),
  }
}

let errorNames: Map<number, [string, string]> | undefined

function systemError(number: number, call: string, detail: string): Error {
  errorNames ??= getSystemErrorMap()
  // libuv does not know every Linux error; those that file systems and namespaces give are added here.
  const more: Record<number, [string, string]> = {
    61: ['ENODATA', 'no data available'],
    116: ['ESTALE', 'stale file handle'],
  }
  const [code, text] = more[number] ?? errorNames.get(-number) ?? [`E${number}`, `error ${number}`]
  return Object.assign(new Error(`${code}: ${text}, ${call}${detail && ` '${detail}'`}`), {
    code,
    errno: -number,
    syscall: call,
  })
}

/** What a futex of V8's own leaves in errno when it collects garbage between a call and the look at errno. */
const clobbered = [0, 4 /* EINTR */, 11 /* EAGAIN */, 110 /* ETIMEDOUT */]

/** Calls libc; a result below 0 becomes an error that names `detail`. */
export function call(name: Name, detail: Path, ...args: unknown[]): number {
  const libcCall = raw(name)
  for (let attempt = 1; ; attempt++) {
    const result = libcCall(...args)
    if (result >= 0) return Number(result)
    const number = koffi!.errno()
    // A call that failed did nothing, so that it can be repeated to learn why.
    if (attempt < 3 && clobbered.includes(number)) continue
    throw systemError(number, name, typeof detail === 'string' ? detail : Buffer.from(detail).toString())
  }
}

/** A path as a C string. Throws `invalid` paths that hold a NUL, which C would cut. */
export function cstring(path: Path): Buffer {
  const length = typeof path === 'string' ? Buffer.byteLength(path) : path.length
  const bytes = Buffer.allocUnsafe(length + 1)
  if (typeof path === 'string') bytes.write(path)
  else bytes.set(path)
  bytes[length] = 0
  if (bytes.indexOf(0) !== length) throw Object.assign(new Error('ENOENT: path holds a NUL byte'), { code: 'ENOENT' })
  return bytes
}

export const AT_FDCWD = -100
export const AT_SYMLINK_NOFOLLOW = 0x100
export const AT_REMOVEDIR = 0x200
export const AT_EMPTY_PATH = 0x1000
export const O_PATH = 0o10000000
export const O_CLOEXEC = 0o2000000
export const RESOLVE_NO_MAGICLINKS = 0x02
export const RESOLVE_NO_SYMLINKS = 0x04
export const RESOLVE_BENEATH = 0x08
export const RESOLVE_IN_ROOT = 0x10

const SYS_openat2 = 437
const how = new BigUint64Array(3)

/**
 * openat2(2): opens `path` below `dirfd`, with every component resolved by the kernel under `resolve`.
 * With RESOLVE_IN_ROOT, absolute symlinks and `..` stay inside `dirfd`, whoever races.
 */
export function openat2(dirfd: number, path: Path, flags: number, resolve: number, mode = 0): number {
  how[0] = BigInt(flags | O_CLOEXEC)
  how[1] = BigInt(mode)
  how[2] = BigInt(resolve)
  return call('syscall', path, SYS_openat2, dirfd, cstring(path), how, 24)
}

export function mknod(path: Path, mode: number, device: { major: number; minor: number }): void {
  call('mknod', path, cstring(path), mode, makedev(device.major, device.minor))
}

/** glibc's dev_t. */
export function makedev(major: number, minor: number): bigint {
  const [ma, mi] = [BigInt(major), BigInt(minor)]
  return ((ma & 0xfffff000n) << 32n) | ((ma & 0xfffn) << 8n) | ((mi & 0xffffff00n) << 12n) | (mi & 0xffn)
}

export function devMajor(dev: bigint): number {
  return Number(((dev >> 32n) & 0xfffff000n) | ((dev >> 8n) & 0xfffn))
}

export function devMinor(dev: bigint): number {
  return Number(((dev >> 12n) & 0xffffff00n) | (dev & 0xffn))
}

const nothing = Buffer.alloc(0)
let scratch: Buffer | undefined

/** The value of an extended attribute of the file itself (no symlink is followed), or undefined where it has none. */
export function lgetxattr(path: Path, name: Path): Buffer | undefined {
  const [cpath, cname] = [cstring(path), cstring(name)]
  scratch ??= Buffer.allocUnsafeSlow(65536)
  try {
    const length = call('lgetxattr', path, cpath, cname, scratch, scratch.length)
    return Buffer.from(scratch.subarray(0, length))
  } catch (error) {
    if (['ENODATA', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

export function lsetxattr(path: Path, name: Path, value: Uint8Array): void {
  call('lsetxattr', path, cstring(path), cstring(name), value.length ? value : nothing, value.length, 0)
}

/** As `lsetxattr`, of an open file. */
export function fsetxattr(fd: number, name: Path, value: Uint8Array): void {
  call('fsetxattr', name, fd, cstring(name), value.length ? value : nothing, value.length, 0)
}

/** The names of the extended attributes of the file itself, as bytes. Empty where the file system has none. */
export function llistxattr(path: Path): Buffer[] {
  scratch ??= Buffer.allocUnsafeSlow(65536)
  let length: number
  try {
    length = call('llistxattr', path, cstring(path), scratch, scratch.length)
  } catch (error) {
    if (['ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
  const names: Buffer[] = []
  for (let start = 0; start < length; ) {
    const end = scratch.indexOf(0, start)
    names.push(Buffer.from(scratch.subarray(start, end)))
    start = end + 1
  }
  return names
}

const FS_IOC_GETFLAGS = 0x80086601
const FS_IOC_SETFLAGS = 0x40086602
const FS_TOPDIR_FL = 0x20000

/**
 * Tells ext4 that what is below each directory of this one belongs together, and need not be near the rest (chattr(1), +T).
 * Where the file system knows no such thing, nothing happens.
 */
export function spreadDirectories(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  const flags = new Int32Array(2)
  try {
    call('ioctl', directory, fd, FS_IOC_GETFLAGS, flags)
    flags[0]! |= FS_TOPDIR_FL
    call('ioctl', directory, fd, FS_IOC_SETFLAGS, flags)
  } catch (error) {
    // ENOTTY, EOPNOTSUPP, EPERM …: it is but a wish.
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error
  } finally {
    closeSync(fd)
  }
}

const POSIX_FADV_DONTNEED = 4

/**
 * Has the kernel begin to write a file up to that position, and takes what of it is written already out of its page cache; in a
 * thread of its own, for a busy disk makes it wait. The descriptor must stay open until it is done.
 */
export function dropPages(fd: number, end: number, done: () => void): void {
  raw('posix_fadvise').async(fd, 0, end, POSIX_FADV_DONTNEED, done)
}

const times = new BigInt64Array(4)

/** Sets access and modification time, in nanoseconds since the epoch, of the file itself (no symlink is followed). */
export function lutimes(path: Path, atime: bigint, mtime: bigint): void {
  setTimes(atime, mtime)
  call('utimensat', path, AT_FDCWD, cstring(path), times, AT_SYMLINK_NOFOLLOW)
}

/** As `lutimes`, of an open file. */
export function futimes(fd: number, atime: bigint, mtime: bigint): void {
  setTimes(atime, mtime)
  call('futimens', 'futimens', fd, times)
}

function setTimes(atime: bigint, mtime: bigint): void {
  const billion = 1_000_000_000n
  const floor = (t: bigint) => (t >= 0n ? t / billion : -((-t + billion - 1n) / billion))
  times[0] = floor(atime)
  times[1] = atime - times[0]! * billion
  times[2] = floor(mtime)
  times[3] = mtime - times[2]! * billion
}

/** What statx(2) tells, with exact times. */
export interface Stat {
  /** Type and permission bits. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Names the file on this machine while it exists. */
  readonly identity: string
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint
  /** Of a device file. */
  readonly device: { readonly major: number; readonly minor: number }
}

const STATX_BASIC_STATS = 0x7ff
const statBuffer = Buffer.alloc(256)
const stat32 = new Uint32Array(statBuffer.buffer, statBuffer.byteOffset, 64)
const stat64 = new BigInt64Array(statBuffer.buffer, statBuffer.byteOffset, 32)

/**
 * The file itself (no symlink is followed at its last component), below `dirfd`; with an empty path `dirfd` itself.
 * Numbers of 64 bits are only exact up to 2^53, which the kernel's own limits stay below for sizes.
 */
export function lstat(dirfd: number, path: Path): Stat {
  call('fstatat', path, dirfd, cstring(path), AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, statBuffer)
  return {
    mode: stat32[7]! & 0xffff,
    nlink: stat32[4]!,
    uid: stat32[5]!,
    gid: stat32[6]!,
    size: Number(stat64[5]),
    identity: `${stat32[34]}:${stat32[35]}:${stat64[4]}`,
    mtime: stat64[14]! * 1_000_000_000n + BigInt(stat32[30]!),
    device: { major: stat32[32]!, minor: stat32[33]! },
  }
}
