import { isIP } from 'node:net'
import { StrakeError } from '../lib/mod.ts'
import type { PortMapping } from '../network/mod.ts'
import type { Publish } from './types.ts'

interface Range {
  readonly from: number
  readonly to: number
}

/**
 * One `--publish`: `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`, each port a number or a range, an IPv6 address in brackets.
 * A host port of 0 stands for a free one. Throws `invalid` in docker's words.
 */
export function parsePublish(text: string): Publish[] {
  const [, ports = '', protocol = 'tcp'] = /^(.*?)(?:\/([^/]*))?$/.exec(text) ?? []
  if (protocol.toLowerCase() !== 'tcp' && protocol.toLowerCase() !== 'udp') {
    throw new StrakeError('invalid', `invalid proto: ${protocol}`, { hint: 'It is tcp or udp.' })
  }
  const parts = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(?:([^:]*):)?([^:]*)$/.exec(ports)
  if (!parts) throw new StrakeError('invalid', `invalid publish opts format (${text})`, { hint: forms })
  // With one colon, what stands before it is a port and no address.
  const single = parts[1] === undefined && parts[2] !== undefined && parts[3] === undefined
  const ip = single ? '' : (parts[1] ?? parts[2] ?? '')
  const host = single ? parts[2]! : (parts[3] ?? '')
  if (ip && !isIP(ip)) throw new StrakeError('invalid', `invalid IP address: ${ip}`, { hint: forms })
  if (!parts[4]) throw new StrakeError('invalid', `no port specified: ${text}<empty>`, { hint: forms })
  const container = parseRange(parts[4], 'containerPort')
  const wanted = host ? parseRange(host, 'hostPort') : undefined
  const count = container.to - container.from + 1
  const base = { protocol: protocol.toLowerCase() as 'tcp' | 'udp', hostIp: ip || '0.0.0.0' }
  if (wanted && count === 1 && wanted.to > wanted.from) {
    return [{ ...base, hostPort: wanted.from, hostPortEnd: wanted.to, containerPort: container.from }]
  }
  if (wanted && wanted.to - wanted.from + 1 !== count) {
    throw new StrakeError('invalid', `invalid ranges specified for container and host Ports: ${parts[4]} and ${host}`, {
      hint: 'Both ranges must be of the same length.',
    })
  }
  return Array.from({ length: count }, (_, i) => ({
    ...base,
    hostPort: wanted ? wanted.from + i : 0,
    containerPort: container.from + i,
  }))
}

const forms = 'Write it as 8080:80, 127.0.0.1:8080:80 or 5353:53/udp: the port of the host comes first.'

function parseRange(text: string, what: string): Range {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const range = { from: Number(from), to: Number(to) }
  const lowest = what === 'hostPort' ? 0 : 1
  if (from === undefined || range.from < lowest || range.to > 65535 || range.to < range.from) {
    throw new StrakeError('invalid', `invalid ${what}: ${text}`, { hint: forms })
  }
  return range
}

/** A port as EXPOSE and `port` have it: `80`, `80/tcp`, `53/udp`. Undefined when it is none. */
export function parseExposed(text: string): { readonly port: number; readonly protocol: 'tcp' | 'udp' } | undefined {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) return undefined
  return { port: Number(port), protocol: protocol.toLowerCase() as 'tcp' | 'udp' }
}

/** `0.0.0.0:5000`, `[::]:5000`. */
export function hostAddress({ hostIp, hostPort }: PortMapping): string {
  return isIP(hostIp) === 6 ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`
}

/** The ports column of `ps`: `0.0.0.0:5000->5000/tcp, 9000/tcp`, with runs of neighbours as ranges. */
export function portsText(published: readonly PortMapping[], exposed: readonly string[]): string {
  const runs: { ip: string; protocol: string; host: number | undefined; container: number; count: number }[] = []
  const add = (ip: string, protocol: string, host: number | undefined, container: number) => {
    const last = runs.at(-1)
    const follows =
      last !== undefined &&
      last.ip === ip &&
      last.protocol === protocol &&
      last.container + last.count === container &&
      (host === undefined ? last.host === undefined : last.host !== undefined && last.host + last.count === host)
    if (follows) last.count++
    else runs.push({ ip, protocol, host, container, count: 1 })
  }
  const sorted = published.toSorted(
    (a, b) =>
      compare(a.protocol, b.protocol) ||
      compare(a.hostIp, b.hostIp) ||
      a.containerPort - b.containerPort ||
      a.hostPort - b.hostPort,
  )
  for (const port of sorted) add(port.hostIp, port.protocol, port.hostPort, port.containerPort)
  const rest = exposed.flatMap((text) => parseExposed(text) ?? [])
  for (const { port, protocol } of rest.sort((a, b) => compare(a.protocol, b.protocol) || a.port - b.port)) {
    const known = published.some((one) => one.containerPort === port && one.protocol === protocol)
    if (!known) add('', protocol, undefined, port)
  }
  return runs.map(runText).join(', ')
}

function runText(run: {
  ip: string
  protocol: string
  host: number | undefined
  container: number
  count: number
}): string {
  const range = (from: number) => (run.count === 1 ? `${from}` : `${from}-${from + run.count - 1}`)
  const inside = `${range(run.container)}/${run.protocol}`
  if (run.host === undefined) return inside
  return `${isIP(run.ip) === 6 ? `[${run.ip}]` : run.ip}:${range(run.host)}->${inside}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
