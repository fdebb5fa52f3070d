import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { errno } from '../lib/mod.ts'
import { formatAddress } from './ipv4.ts'

/** A socket that waits for connections, or a bound udp socket. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp'
  /** `127.0.0.1`, `0.0.0.0`, `::`, `::1`; other IPv6 addresses as 32 hex digits. */
  readonly address: string
  readonly port: number
  /** True for 127.0.0.0/8 and ::1: nobody outside reaches it. */
  readonly loopback: boolean
  /** Of the socket; see `/proc/PID/fd`. */
  readonly inode: number
}

/** What the process holds a port with. */
export interface PortHolder {
  readonly pid: number
  /** The program: `python3`. */
  readonly name: string
}

const LISTEN = '0A'
const CLOSE = '07'

/** What listens in the network namespace of a process (`self`: in ours). Empty when the process is gone. */
export function listeners(pid: number | 'self'): Listener[] {
  return (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((table) => {
    const protocol = table.startsWith('tcp') ? 'tcp' : 'udp'
    return lines(`/proc/${pid}/net/${table}`).flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      // A udp socket that is bound and not connected is in state CLOSE.
      if (state !== (protocol === 'tcp' ? LISTEN : CLOSE)) return []
      const [hex = '', port = ''] = local.split(':')
      const address = addressOf(hex)
      const loopback = address.startsWith('127.') || address === '::1'
      return [{ protocol, address, port: Number.parseInt(port, 16), loopback, inode: Number(inode) }]
    })
  })
}

/** Who on this machine holds a port. Undefined when nobody does, or when we may not know. */
export function portHolder(port: number, protocol: 'tcp' | 'udp'): PortHolder | undefined {
  const inodes = new Set(
    listeners('self')
      .filter((socket) => socket.port === port && socket.protocol === protocol)
      .map(({ inode }) => `socket:[${inode}]`),
  )
  if (!inodes.size) return undefined
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || !holdsAny(name, inodes)) continue
    // The command, not /proc/PID/comm: a runtime may have named its thread there.
    return {
      pid: Number(name),
      name: basename(unlessGone(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'), '').split('\0')[0]!),
    }
  }
  return undefined
}

function holdsAny(pid: string, links: ReadonlySet<string>): boolean {
  return unlessGone(() => readdirSync(`/proc/${pid}/fd`), [] as string[]).some((fd) =>
    links.has(unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '')),
  )
}

/** The lines of a table, without its head. */
function lines(path: string, head = 1): string[] {
  return unlessGone(() => readFileSync(path, 'latin1'), '')
    .split('\n')
    .slice(head)
    .filter(Boolean)
}

/** A process may end while we look, or may not be ours to look into; a kernel may have no IPv6. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL'].includes(errno(error) ?? '')) return otherwise
    throw error
  }
}

/** Each 32-bit word of an address is printed as a number of this machine, which is little-endian. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32()
  if (bytes.length === 4) return formatAddress(bytes.readUInt32BE())
  const text = bytes.toString('hex')
  if (/^0{31}[01]$/.test(text)) return text.endsWith('1') ? '::1' : '::'
  // A socket of both families that is bound to an IPv4 address.
  if (text.startsWith('0'.repeat(20).concat('ffff'))) return formatAddress(bytes.readUInt32BE(12))
  return text
}
