import { closeSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { sys } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import type { Store } from '../store/mod.ts'
import { parseAddress } from './ipv4.ts'
import { portHolder } from './sockets.ts'
import type { PortMapping, PortReservation } from './types.ts'

const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2

/** Where a host port is looked for when any will do: the kernel's own range of ephemeral ports, as Docker does. */
const anyPort = { first: 32768, last: 60999 }

/**
 * Takes ports of the host, so that whoever has one already is found and nobody takes it later. Nothing comes to the
 * sockets: the rules of `attach` lead connections to the container before. Throws `conflict` when a port is taken, with by whom as hint;
 * `invalid` for an address that this machine does not have; `denied`; `unsupported` for IPv6 addresses.
 */
export function reservePorts(store: Store, ports: readonly PortMapping[]): PortReservation {
  const fds: number[] = []
  const close = () => {
    for (const fd of fds.splice(0)) closeSync(fd)
  }
  try {
    const exact = ports.map((port) => reserve(store, port, fds))
    return { ports: exact, fds, [Symbol.dispose]: close }
  } catch (error) {
    close()
    throw error
  }
}

function reserve(store: Store, port: PortMapping, fds: number[]): PortMapping {
  const { hostPortEnd, ...wanted } = port
  if (!isIPv4(port.hostIp)) {
    const hint = 'Containers have IPv4 addresses only. Publish the port on an IPv4 address: 127.0.0.1, 0.0.0.0, …'
    throw new StrakeError('unsupported', `a port can't be published on the IPv6 address ${port.hostIp}`, { hint })
  }
  const first = port.hostPort || anyPort.first
  const last = port.hostPort ? (hostPortEnd ?? port.hostPort) : anyPort.last
  for (let hostPort = first; hostPort <= last; hostPort++) {
    const fd = bind({ ...wanted, hostPort })
    if (fd === undefined) continue
    fds.push(fd)
    return { ...wanted, hostPort }
  }
  if (first === last) throw portConflict(port, holder(store, port))
  throw new StrakeError('conflict', `all ports from ${first} to ${last} are already allocated`)
}

/** Undefined when somebody has the port. */
function bind({ protocol, hostIp, hostPort }: PortMapping): number | undefined {
  const fd = sys.call('socket', protocol, AF_INET, (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0)
  try {
    // sockaddr_in, ip(7): the family in this machine's order, the rest in the network's.
    const address = Buffer.alloc(16)
    address.writeUInt16LE(AF_INET)
    address.writeUInt16BE(hostPort, 2)
    address.writeUInt32BE(parseAddress(hostIp)!, 4)
    if (protocol === 'tcp') {
      // Connections that a server of this machine has just closed do not count, and with `listen` others still conflict.
      sys.call('setsockopt', 'SO_REUSEADDR', fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4)
    }
    sys.call('bind', `${hostIp}:${hostPort}`, fd, address, address.length)
    if (protocol === 'tcp') sys.call('listen', `${hostIp}:${hostPort}`, fd, 1)
    return fd
  } catch (error) {
    closeSync(fd)
    if (errno(error) === 'EADDRINUSE') return undefined
    throw bindError(error, `${hostIp}:${hostPort}`)
  }
}

function bindError(error: unknown, place: string): unknown {
  const failed = `Bind for ${place} failed`
  switch (errno(error)) {
    case 'EADDRNOTAVAIL':
      return new StrakeError('invalid', `${failed}: cannot assign requested address`, {
        hint: 'This machine has no such address. See those that it has with: ip addr',
        cause: error,
      })
    case 'EACCES':
      return new StrakeError('denied', `${failed}: permission denied`, {
        hint: 'Ports below 1024 need root: choose a higher one.',
        cause: error,
      })
    default:
      return error
  }
}

/** In docker's words. `by` is who has it, where that is known. */
export function portConflict({ hostIp, hostPort, protocol }: PortMapping, by: string | undefined): StrakeError {
  const message = `Bind for ${hostIp}:${hostPort} failed: port is already allocated`
  const who = by ? `Port ${hostPort}/${protocol} is taken by ${by}.` : `Port ${hostPort}/${protocol} is taken.`
  return new StrakeError('conflict', message, {
    hint: `${who} Stop it, or choose another host port, such as ${hostPort + 1}.`,
  })
}

function holder(store: Store, port: PortMapping): string | undefined {
  const rows = store.db.prepare("SELECT owner, ports FROM endpoints WHERE ports <> '[]'").all()
  const row = rows.find(({ ports }) =>
    (JSON.parse(ports as string) as PortMapping[]).some((held) => collide(held, port)),
  )
  if (row) return `container ${containerName(store, row.owner as string)}`
  const process = portHolder(port.hostPort, port.protocol)
  return process && `${process.name} (pid ${process.pid})`
}

export function containerName(store: Store, id: string): string {
  const row = store.db.prepare('SELECT name FROM containers WHERE id = ?').get(id)
  return (row?.name as string | undefined) ?? id.slice(0, 12)
}

/** Whether both can't be published at once. */
export function collide(a: PortMapping, b: PortMapping): boolean {
  const sameIp = a.hostIp === b.hostIp || a.hostIp === '0.0.0.0' || b.hostIp === '0.0.0.0'
  return sameIp && a.protocol === b.protocol && a.hostPort === b.hostPort
}
