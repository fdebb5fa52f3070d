import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { errno } from '../lib/mod.ts'

/** Something that the kernel can do, or not. */
export interface Feature {
  readonly name: 'overlayfs' | 'user namespaces' | 'seccomp' | 'nftables' | 'openat2'
  readonly available: boolean
  /** Why not, and what to do about it. */
  readonly fix?: string
}

/** What containers need of the kernel. Reads /proc and /lib/modules only; nothing is loaded or tried. */
export function kernelFeatures(): Feature[] {
  const overlay = /\toverlay$/m.test(text('/proc/filesystems')) || hasModule('overlay')
  const seccomp = existsSync('/proc/sys/kernel/seccomp/actions_avail')
  const nftables = existsSync('/proc/sys/net/netfilter') || hasModule('nf_tables')
  return [
    feature('overlayfs', overlay, 'Load the module: modprobe overlay'),
    userNamespaces(),
    feature('seccomp', seccomp, 'The kernel was built without CONFIG_SECCOMP_FILTER.'),
    feature('nftables', nftables, 'Load the module: modprobe nf_tables'),
    feature('openat2', atLeast(5, 6), 'It came with Linux 5.6.'),
  ]
}

function feature(name: Feature['name'], available: boolean, fix: string): Feature {
  return available ? { name, available } : { name, available, fix }
}

function userNamespaces(): Feature {
  const name = 'user namespaces'
  if (!existsSync('/proc/self/ns/user')) return feature(name, false, 'The kernel was built without CONFIG_USER_NS.')
  if (text('/proc/sys/user/max_user_namespaces').trim() === '0') {
    return feature(name, false, 'Allow them: sysctl -w user.max_user_namespaces=15000')
  }
  const root = process.getuid?.() === 0
  // Two switches that keep them from users: Debian's own, and Ubuntu's by AppArmor.
  for (const [key, closed] of [
    ['kernel.unprivileged_userns_clone', '0'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1'],
  ] as const) {
    if (root || text(`/proc/sys/${key.replace('.', '/')}`).trim() !== closed) continue
    return feature(name, false, `Allow them: sudo sysctl -w ${key}=${closed === '0' ? 1 : 0}`)
  }
  return { name, available: true }
}

/** Whether the running kernel has a module, loaded, built in or on the disk. */
function hasModule(name: string): boolean {
  const pattern = new RegExp(`(^|/)${name}\\.ko`, 'm')
  if (existsSync(`/sys/module/${name}`)) return true
  return ['modules.builtin', 'modules.dep'].some((file) => pattern.test(text(`/lib/modules/${release()}/${file}`)))
}

function atLeast(major: number, minor: number): boolean {
  const [a = 0, b = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  return a > major || (a === major && b >= minor)
}

export interface Cgroups {
  readonly version: '1' | '2' | 'hybrid' | 'none'
  /** `cpu`, `memory`, `pids`, …, in order of names. */
  readonly controllers: readonly string[]
}

/** How /sys/fs/cgroup is set up: version 2 alone, version 1, or 1 with an empty tree of version 2 beside it. */
export function cgroups(): Cgroups {
  const mounts = text('/proc/self/mountinfo')
    .split('\n')
    .map((line) => ({ point: line.split(' ')[4] ?? '', type: / - (\S+)/.exec(line)?.[1] }))
    .filter(({ point }) => point === '/sys/fs/cgroup' || point.startsWith('/sys/fs/cgroup/'))
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  if (unified?.point === '/sys/fs/cgroup') {
    return { version: '2', controllers: words(text('/sys/fs/cgroup/cgroup.controllers')).sort() }
  }
  const old = mounts.filter(({ type }) => type === 'cgroup')
  if (old.length === 0) return { version: 'none', controllers: [] }
  // /proc/cgroups: name, hierarchy, number of cgroups, enabled (cgroups(7)); hierarchy 0 is mounted nowhere.
  const controllers = text('/proc/cgroups')
    .split('\n')
    .map(words)
    .filter(([name, hierarchy, , enabled]) => !name?.startsWith('#') && hierarchy !== '0' && enabled === '1')
    .map(([name]) => name!)
  return { version: unified ? 'hybrid' : '1', controllers: controllers.sort() }
}

/** The mount that a path is on: its file system and where it is mounted. The path must exist. */
export function mountOf(path: string): { readonly point: string; readonly type: string } {
  let best = { point: '/', type: 'unknown' }
  for (const line of text('/proc/self/mountinfo').split('\n')) {
    // proc(5): blanks and backslashes in paths are written in octal.
    const point = line.split(' ')[4]?.replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)))
    const type = / - (\S+)/.exec(line)?.[1]
    if (!point || !type || point.length < best.point.length) continue
    if (path === point || path.startsWith(point === '/' ? '/' : `${point}/`)) best = { point, type }
  }
  return best
}

/** Where a program is, as `execvp` would look, and in the folders of administrators, which a user's PATH may lack. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = [...(env.PATH ?? '').split(':').filter(Boolean), '/usr/local/sbin', '/usr/sbin', '/sbin']
  const paths = name.includes('/') ? [name] : folders.map((folder) => `${folder}/${name}`)
  return paths.find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (errno(error)) return false
    throw error
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (errno(error)) return ''
    throw error
  }
}

function words(line: string): string[] {
  return line.trim().split(/\s+/).filter(Boolean)
}
