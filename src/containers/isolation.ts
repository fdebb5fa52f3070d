import { readdirSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, posix } from 'node:path'
import { errno, StrakeError } from '../lib/mod.ts'
import type { DnsSettings } from '../network/mod.ts'
import { type DeviceNode, deviceNode, type Ulimit } from '../runtime/mod.ts'
import type { NetworkMode } from './types.ts'

/** What a container may have of its machine, as a person asks for it. */
export interface IsolationOptions {
  /** `seccomp=unconfined`, `no-new-privileges`. */
  readonly securityOptions?: readonly string[] | undefined
  readonly ulimits?: readonly Ulimit[] | undefined
  /** Bytes of /dev/shm; 0 is the usual 64 MB. */
  readonly shmSize?: number | undefined
  /** `net.ipv4.ip_forward=1`. */
  readonly sysctls?: readonly string[] | undefined
  /** Names or numbers of more groups that its processes are in. */
  readonly groupAdd?: readonly string[] | undefined
  /** `SOURCE[:TARGET][:rwm]`: a device of the machine, or a folder of them; `vendor.com/class=name`: what is described so (CDI). */
  readonly devices?: readonly string[] | undefined
  /** Addresses of DNS servers, instead of the machine's. */
  readonly dns?: readonly string[] | undefined
  /** Domains; `.` alone is none. */
  readonly dnsSearch?: readonly string[] | undefined
  readonly dnsOptions?: readonly string[] | undefined
  /** `private`, `shareable`, `host`, or `none`: without /dev/shm. */
  readonly ipc?: string | undefined
  /** `host`, as the following two. */
  readonly pid?: string | undefined
  readonly uts?: string | undefined
  readonly userns?: string | undefined
  readonly cgroupParent?: string | undefined
}

/** The same, read. What is not asked for is left out. */
export interface Isolation extends Pick<IsolationOptions, 'ulimits' | 'shmSize' | 'groupAdd' | 'cgroupParent'> {
  readonly unconfined: boolean
  readonly noNewPrivileges?: boolean
  readonly sysctls?: Readonly<Record<string, string>>
  readonly devices?: readonly WantedHostDevice[]
  /** By the names of their descriptions (CDI). */
  readonly cdiDevices?: readonly string[]
  readonly dns?: DnsSettings
  readonly ipc?: 'host' | 'none'
  readonly pid?: 'host'
  readonly uts?: 'host'
}

export interface WantedHostDevice {
  readonly source: string
  readonly target: string
  readonly permissions: string
}

/** Throws `invalid` in docker's words. */
export function resolveIsolation(options: IsolationOptions, network: NetworkMode): Isolation {
  const { ulimits = [], groupAdd = [], shmSize, cgroupParent } = options
  const ipc = oneOf(options.ipc, ['', 'private', 'shareable', 'host', 'none'], (mode) => `invalid IPC mode: ${mode}`)
  const pid = oneOf(options.pid, ['', 'host'], () => '--pid: invalid PID mode')
  const uts = oneOf(options.uts, ['', 'host'], () => '--uts: invalid UTS mode')
  oneOf(options.userns, ['', 'host'], () => '--userns: invalid USER mode')
  const sysctls = Object.fromEntries((options.sysctls ?? []).map((text) => sysctl(text, network, ipc)))
  const devices = (options.devices ?? []).filter((text) => !cdiName.test(text))
  const cdiDevices = (options.devices ?? []).filter((text) => cdiName.test(text))
  const dns = dnsSettings(options)
  return {
    ...securityOf(options.securityOptions ?? []),
    ...(ulimits.length > 0 && { ulimits }),
    ...(groupAdd.length > 0 && { groupAdd }),
    ...(shmSize && { shmSize }),
    ...(cgroupParent && { cgroupParent }),
    ...(Object.keys(sysctls).length > 0 && { sysctls }),
    ...(devices.length > 0 && { devices: devices.map(device) }),
    ...(cdiDevices.length > 0 && { cdiDevices }),
    ...(dns && { dns }),
    ...((ipc === 'host' || ipc === 'none') && { ipc }),
    ...(pid === 'host' && { pid }),
    ...(uts === 'host' && { uts }),
  }
}

/** The device nodes, as they are on this machine now. Throws `invalid` in docker's words. */
export function deviceNodes(devices: readonly WantedHostDevice[]): DeviceNode[] {
  return devices.flatMap(({ source, target, permissions }) => {
    const problem = (why: string, cause?: unknown) =>
      new StrakeError('invalid', `error gathering device information while adding custom device "${source}": ${why}`, {
        exitCode: 125,
        cause,
      })
    const nodes = nodesAt(source, target, permissions, problem)
    if (nodes.length === 0) throw problem('not a device node')
    return nodes
  })
}

function nodesAt(
  source: string,
  target: string,
  permissions: string,
  problem: (why: string, cause?: unknown) => StrakeError,
): DeviceNode[] {
  const stat = statAt(source, problem)
  if (stat.isDirectory()) {
    const inside = (name: string) => nodesAt(join(source, name), posix.join(target, name), permissions, problem)
    return readdirSync(source).flatMap(inside)
  }
  const node = deviceNode(target, stat)
  return node ? [{ ...node, permissions }] : []
}

function statAt(path: string, problem: (why: string, cause?: unknown) => StrakeError) {
  try {
    return statSync(path, { bigint: true })
  } catch (cause) {
    if (errno(cause) === 'ENOENT') throw problem('no such file or directory', cause)
    throw cause
  }
}

const cdiName = /^[a-zA-Z][\w.-]*\/[\w.-]+=[\w.:*-]+$/

function device(text: string): WantedHostDevice {
  const [source = '', ...more] = text.split(':')
  const isMode = (part: string) => /^[rwm]{1,3}$/.test(part)
  const permissions = more.at(-1) !== undefined && isMode(more.at(-1)!) ? more.pop()! : 'rwm'
  const [target = source, mode] = more
  if (more.length > 2) throw new StrakeError('invalid', `invalid device specification: ${text}`)
  if (mode !== undefined)
    throw new StrakeError('invalid', `bad mode specified: ${mode}`, { hint: 'It is of r, w and m.' })
  for (const path of [source, target]) {
    if (!posix.isAbsolute(path)) throw new StrakeError('invalid', `${path} is not an absolute path`)
  }
  return { source, target: posix.normalize(target), permissions }
}

function oneOf<const T extends string>(
  text: string | undefined,
  known: readonly T[],
  message: (text: string) => string,
) {
  if (text === undefined) return undefined
  const found = known.find((word) => word === text)
  if (found !== undefined) return found
  const words = known.filter(Boolean).join(', ')
  throw new StrakeError('invalid', message(text), { hint: `Known is ${words}.` })
}

/** Those that a namespace has of its own (runc and docker let through no others). */
const ipcSysctl = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/

function sysctl(text: string, network: NetworkMode, ipc: string | undefined): [string, string] {
  const [, name = '', value = ''] = /^([\w./-]+)=(.*)$/s.exec(text) ?? []
  const isNet = /^net\..+/.test(name)
  if (!isNet && !ipcSysctl.test(name)) {
    throw new StrakeError(
      'invalid',
      `invalid argument ${JSON.stringify(text)} for "--sysctl" flag: sysctl '${text}' is not allowed`,
      {
        hint: 'A container has net.*, fs.mqueue.* and those of kernel.* that are about messages, semaphores and shared memory.',
      },
    )
  }
  if (isNet && network === 'host') {
    throw new StrakeError('invalid', `sysctl "${name}" not allowed in host network namespace`, { exitCode: 125 })
  }
  if (!isNet && ipc === 'host') {
    throw new StrakeError('invalid', `sysctl "${name}" is not allowed in the hosts ipc namespace`, { exitCode: 125 })
  }
  return [name, value]
}

function dnsSettings({ dns = [], dnsSearch = [], dnsOptions = [] }: IsolationOptions): DnsSettings | undefined {
  for (const address of dns) {
    if (isIP(address)) continue
    throw new StrakeError(
      'invalid',
      `invalid argument ${JSON.stringify(address)} for "--dns" flag: IP address is not correctly formatted: ${address}`,
    )
  }
  for (const domain of dnsSearch) {
    if (/^(\.|[\w-]+(\.[\w-]+)*\.?)$/.test(domain)) continue
    throw new StrakeError(
      'invalid',
      `invalid argument ${JSON.stringify(domain)} for "--dns-search" flag: ${domain} is not a valid domain`,
    )
  }
  for (const option of dnsOptions) {
    if (!/\s/.test(option)) continue
    throw new StrakeError(
      'invalid',
      `invalid argument ${JSON.stringify(option)} for "--dns-option" flag: it has blanks`,
    )
  }
  if (dns.length + dnsSearch.length + dnsOptions.length === 0) return undefined
  return { servers: dns, search: dnsSearch, options: dnsOptions }
}

function securityOf(options: readonly string[]): Pick<Isolation, 'unconfined' | 'noNewPrivileges'> {
  let unconfined = false
  let noNewPrivileges = false
  for (const option of options) {
    const [, name, value] = /^([a-z-]+)(?:[=:](.*))?$/.exec(option) ?? []
    if (name === 'seccomp' && value === 'unconfined') unconfined = true
    else if (name === 'no-new-privileges' && /^(true|false)?$/.test(value ?? '')) noNewPrivileges = value !== 'false'
    // Nothing to switch off: these two are never on.
    else if (name !== 'label' && !(name === 'apparmor' && value === 'unconfined')) {
      throw new StrakeError('invalid', `invalid --security-opt: "${option}"`, {
        hint: 'Known are seccomp=unconfined and no-new-privileges.',
      })
    }
  }
  return { unconfined, ...(noNewPrivileges && { noNewPrivileges }) }
}
