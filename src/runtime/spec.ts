import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { release } from 'node:os'
import { posix } from 'node:path'
import { StrakeError } from '../lib/mod.ts'
import { hostPlatform } from '../oci/mod.ts'
import { boundingSet } from './capabilities.ts'
import { deviceNode, deviceOf } from './cdi.ts'
import { defaultSeccomp, type Seccomp } from './seccomp.ts'
import type { ContainerEdits, Limits, Mount, ProcessOptions, SpecOptions } from './types.ts'
import { resolveGroup, resolveUser } from './users.ts'

/** config.json of the OCI runtime spec 1.0, as far as a reader of the result needs to know it. */
export interface OciSpec {
  readonly ociVersion: string
  readonly process: OciProcess
  readonly root: { readonly path: string; readonly readonly: boolean }
  readonly hostname?: string
  readonly mounts: readonly OciMount[]
  readonly hooks?: object
  readonly linux: Readonly<Record<string, unknown>> & { readonly seccomp?: Seccomp }
}

/** The `process` of a spec, which is also what `runc exec --process` takes. */
export interface OciProcess {
  readonly terminal: boolean
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities: object
  readonly noNewPrivileges: boolean
  readonly oomScoreAdj: number
  readonly rlimits: readonly { readonly type: string; readonly soft: unknown; readonly hard: unknown }[]
}

export interface OciMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

/**
 * The runtime spec of a container with Docker's default isolation. The user is looked up in `rootfs`, which must be
 * mounted. Throws `invalid` for unknown users and capabilities and for paths that are not absolute.
 */
export function ociSpec(options: SpecOptions): OciSpec {
  const { privileged = false, network } = options
  const capabilities = boundingSet(options)
  const unconfined = privileged || options.unconfined
  const edits = options.edits ?? []
  const nodes = edits.flatMap(({ deviceNodes = [] }) => deviceNodes.map(deviceOf))
  const devices = [...(privileged ? hostDevices('/dev') : []), ...nodes.map(({ device }) => device)]
  return {
    ociVersion: '1.0.2',
    process: editedProcess(ociProcess(options.rootfs, options), options.edits ?? []),
    root: { path: options.rootfs, readonly: options.readonlyRootfs ?? false },
    ...(options.uts !== 'host' && { hostname: options.hostname }),
    mounts: [...mounts(options), ...editedMounts(edits)],
    ...(edits.some(({ hooks }) => hooks?.length) && { hooks: hooksOf(edits) }),
    linux: {
      namespaces: [
        { type: 'mount' },
        ...(options.uts === 'host' ? [] : [{ type: 'uts' }]),
        ...(options.pid === 'host' ? [] : [{ type: 'pid' }]),
        ...(options.ipc === 'host' ? [] : [{ type: 'ipc' }]),
        ...(network === 'host'
          ? []
          : [network === 'new' ? { type: 'network' } : { type: 'network', path: network.path }]),
        // On cgroup v1 Docker leaves the host's.
        ...(existsSync('/sys/fs/cgroup/cgroup.controllers') ? [{ type: 'cgroup' }] : []),
      ],
      cgroupsPath: options.cgroup,
      resources: {
        devices: privileged ? [{ allow: true, access: 'rwm' }] : [...deviceRules, ...nodes.map(({ rule }) => rule)],
        ...resources(options.limits ?? {}),
      },
      ...(devices.length > 0 && { devices }),
      ...(privileged ? {} : { maskedPaths: [...maskedPaths, ...thermalPaths()], readonlyPaths }),
      sysctl: { ...(network !== 'host' && sysctl), ...options.sysctls },
      ...(unconfined ? {} : { seccomp: defaultSeccomp(hostPlatform.architecture, capabilities) }),
    },
  }
}

/** The process part alone: for a further process in a running container. */
export function ociProcess(rootfs: string, options: ProcessOptions): OciProcess {
  if (!options.args.length) throw new StrakeError('invalid', 'no command specified')
  if (!posix.isAbsolute(options.cwd)) {
    throw new StrakeError(
      'invalid',
      `the working directory '${options.cwd}' is invalid, it needs to be an absolute path`,
    )
  }
  const user = resolveUser(rootfs, options.user)
  const more = (options.groupAdd ?? []).map((group) => resolveGroup(rootfs, group))
  const bounding = boundingSet(options)
  const own = merged(options.env, options.secretEnv ?? [])
  const hasHome = own.some((entry) => entry.startsWith('HOME='))
  return {
    terminal: options.tty ?? false,
    user: { uid: user.uid, gid: user.gid, additionalGids: [...new Set([...user.groups, ...more])] },
    args: options.args,
    env: hasHome ? own : [...own, `HOME=${user.home}`],
    cwd: options.cwd,
    // What execve(2) gives: all to root, none to others.
    capabilities: user.uid === 0 ? { bounding, effective: bounding, permitted: bounding } : { bounding },
    noNewPrivileges: options.noNewPrivileges ?? false,
    // 0 as in Docker, but never below our own: lowering it takes CAP_SYS_RESOURCE.
    oomScoreAdj: options.oomScoreAdj ?? Math.max(0, Number(readFileSync('/proc/self/oom_score_adj', 'latin1'))),
    rlimits: (options.ulimits ?? []).map(({ name, soft, hard }) => ({
      type: `RLIMIT_${name.toUpperCase()}`,
      soft: rlimit(soft),
      hard: rlimit(hard),
    })),
  }
}

/** RLIM_INFINITY is a number that JSON can have, and JavaScript can't. */
function rlimit(count: number): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }
  return count < 0 ? rawJSON('18446744073709551615') : count
}

/** The later of two entries with the same name wins. */
function merged(env: readonly string[], more: readonly string[]): readonly string[] {
  if (more.length === 0) return env
  const nameOf = (pair: string) => pair.split('=', 1)[0]!
  const names = new Set(more.map(nameOf))
  return [...env.filter((pair) => !names.has(nameOf(pair))), ...more]
}

function editedProcess(process: OciProcess, edits: readonly ContainerEdits[]): OciProcess {
  const gids = edits.flatMap(({ additionalGids = [] }) => additionalGids)
  const env = edits.flatMap(({ env = [] }) => env)
  if (gids.length + env.length === 0) return process
  const additionalGids = [...new Set([...process.user.additionalGids, ...gids])]
  return { ...process, env: merged(process.env, env), user: { ...process.user, additionalGids } }
}

function editedMounts(edits: readonly ContainerEdits[]): OciMount[] {
  return edits.flatMap(({ mounts = [] }) =>
    mounts.map(({ hostPath, containerPath, type = 'bind', options = [] }) => ({
      destination: containerPath,
      type,
      source: hostPath,
      options:
        type === 'bind' && !options.includes('bind') && !options.includes('rbind') ? ['rbind', ...options] : options,
    })),
  )
}

/** By the name of the hook: `createContainer`, `createRuntime`, … */
function hooksOf(edits: readonly ContainerEdits[]): object {
  const hooks: Record<string, object[]> = {}
  for (const { hookName, ...hook } of edits.flatMap(({ hooks = [] }) => hooks)) {
    hooks[hookName] = [...(hooks[hookName] ?? []), hook]
  }
  return hooks
}

function resources(limits: Limits): object {
  const { memory: limit, memorySwap, memoryReservation, cpus, cpuShares, cpusetCpus, cpusetMems, pidsLimit } = limits
  const [period, quota] = cpus ? [100_000, Math.round(cpus * 100_000)] : [limits.cpuPeriod, limits.cpuQuota]
  const memory = {
    ...(limit && { limit }),
    ...((memorySwap || limit) && { swap: memorySwap || limit! * 2 }),
    ...(memoryReservation && { reservation: memoryReservation }),
  }
  const cpu = {
    ...(cpuShares && { shares: cpuShares }),
    ...(period && { period }),
    ...(quota && { quota }),
    ...(cpusetCpus && { cpus: cpusetCpus }),
    ...(cpusetMems && { mems: cpusetMems }),
  }
  return {
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pidsLimit && pidsLimit > 0 && { pids: { limit: pidsLimit } }),
  }
}

const sysctl = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }

/** On top of these the runtime allows what it puts into /dev itself, and mknod of any device. */
const deviceRules = [
  { allow: false, access: 'rwm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
  ].map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
]

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]

const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

function thermalPaths(): string[] {
  const cpus = '/sys/devices/system/cpu'
  return readdirSync(cpus)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${cpus}/${name}/thermal_throttle`)
    .filter(existsSync)
}

function mounts(options: SpecOptions): OciMount[] {
  const { mounts: wanted = [] } = options
  const given = wanted.map((mount) => ({ ...mount, target: absolute(mount.target) }))
  const replaced = ({ destination }: OciMount) =>
    given.some(({ target }) => target === destination || (target === '/dev' && destination.startsWith('/dev/')))
  const all = [...defaultMounts(options).filter((mount) => !replaced(mount)), ...given.map(ociMount)]
  // Parents before what is mounted in them; otherwise in the given order.
  const depth = ({ destination }: OciMount) => destination.split('/').length
  return all.sort((a, b) => depth(a) - depth(b))
}

function absolute(target: string): string {
  const path = posix.normalize(target).replace(/(.)\/+$/, '$1')
  if (!path.startsWith('/')) {
    throw new StrakeError('invalid', `invalid mount target '${target}': it must be an absolute path`)
  }
  if (path === '/') throw new StrakeError('invalid', "invalid mount target '/': destination can't be '/'")
  return path
}

function defaultMounts({ privileged = false, shmSize = 64 << 20, ipc }: SpecOptions): OciMount[] {
  const plain = ['nosuid', 'noexec', 'nodev']
  const readonly = privileged ? [] : ['ro']
  const mount = (destination: string, type: string, options: string[], source = type) => ({
    destination,
    type,
    source,
    options,
  })
  const shm = mount('/dev/shm', 'tmpfs', [...plain, 'mode=1777', `size=${shmSize}`], 'shm')
  const hostShm = mount('/dev/shm', 'bind', ['rbind', 'rprivate'], '/dev/shm')
  return [
    mount('/proc', 'proc', plain),
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/sys', 'sysfs', [...plain, ...readonly]),
    mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/dev/mqueue', 'mqueue', plain),
    ...(ipc === 'none' ? [] : ipc === 'host' ? [hostShm] : [shm]),
    mount('/sys/fs/cgroup', 'cgroup', [...plain, ...readonly]),
  ]
}

function ociMount({ kind, source, target, readonly = false, options = [] }: Mount): OciMount {
  if (kind === 'tmpfs') {
    // Of `noexec` and `exec`, crun does not take the later one.
    const defaults = ['exec', 'suid', 'dev'].filter((flag) => !options.includes(flag)).map((flag) => `no${flag}`)
    const flags = [...defaults, ...(readonly ? ['ro'] : []), ...options]
    return { destination: target, type: 'tmpfs', source: 'tmpfs', options: flags }
  }
  // crun takes the recursive flag for directories only, and nothing is mounted below a file.
  const isDirectory = statSync(source, { throwIfNoEntry: false })?.isDirectory()
  const flags = ['rbind', 'rprivate', ...(readonly ? [isDirectory ? readonlyFlag : 'ro'] : []), ...options]
  return { destination: target, type: 'bind', source, options: flags }
}

/** Since Linux 5.12 what is mounted below is made read-only, too. */
const readonlyFlag = olderThan(5, 12) ? 'ro' : 'rro'

function olderThan(major: number, minor: number): boolean {
  const [a = 0, b = 0] = release().split('.').map(Number)
  return a < major || (a === major && b < minor)
}

/** What the runtime and its mounts put into /dev themselves. */
const ownDevices = ['/dev/pts', '/dev/shm', '/dev/mqueue', '/dev/fd', '/dev/console']

function hostDevices(directory: string): object[] {
  return readdirSync(directory).flatMap((name) => {
    const path = `${directory}/${name}`
    if (ownDevices.includes(path)) return []
    const stat = lstatSync(path, { bigint: true })
    if (stat.isDirectory()) return hostDevices(path)
    return deviceNode(path, stat) ?? []
  })
}
