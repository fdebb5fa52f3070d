import { isIP } from 'node:net'
import { StrakeError } from '../lib/mod.ts'
import type { PortMapping } from './types.ts'

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * What `--publish` takes, in every form of docker's: `80`, `8080:80`, `127.0.0.1:8080:80`, `127.0.0.1::80`, `[::1]:80:80`,
 * ranges (`8000-8005:80-85`, `8000-8005:80`) and `/tcp` or `/udp`. A host port of 0 stands for any free one.
 * Throws `invalid` in docker's words.
 */
export function parsePorts(text: string): PortMapping[] {
  const slash = text.indexOf('/')
  const protocol = protocolOf(slash < 0 ? 'tcp' : text.slice(slash + 1), text)
  const { hostIp, host, container } = split(slash < 0 ? text : text.slice(0, slash))
  if (!container) throw new StrakeError('invalid', `No port specified: ${text}<empty>`)
  const inside = range(container, () => `Invalid containerPort: ${container}`)
  const outside = host ? range(host, () => `Invalid hostPort: ${host}`) : undefined
  const count = inside.end - inside.start + 1
  if (outside && outside.end - outside.start + 1 !== count) {
    if (count !== 1)
      throw new StrakeError(
        'invalid',
        `Invalid ranges specified for container and host Ports: ${container} and ${host}`,
      )
    const hostPortEnd = outside.end
    return [{ protocol, hostIp, hostPort: outside.start, hostPortEnd, containerPort: inside.start }]
  }
  return Array.from({ length: count }, (_, i) => ({
    protocol,
    hostIp,
    hostPort: outside ? outside.start + i : 0,
    containerPort: inside.start + i,
  }))
}

/** What `--expose` and EXPOSE take: `80`, `80/udp`, `8000-8010`. Gives `80/tcp` and so on. Throws `invalid`. */
export function parseExposed(text: string): string[] {
  const [numbers = '', name = 'tcp', ...rest] = text.split('/')
  const bad = () => `Invalid containerPort: ${text}`
  if (rest.length) throw new StrakeError('invalid', bad())
  const protocol = protocolOf(name || 'tcp', text)
  const { start, end } = range(numbers, bad)
  return Array.from({ length: end - start + 1 }, (_, i) => `${start + i}/${protocol}`)
}

/** Takes `ip:host:container` apart from its end; an IPv6 address stands in brackets. */
function split(text: string): { hostIp: string; host: string; container: string } {
  const bracketed = /^\[(.*)\]:(.*)$/.exec(text)
  const parts = (bracketed ? bracketed[2]! : text).split(':')
  const container = parts.pop()!
  const host = parts.pop() ?? ''
  const ip = bracketed ? bracketed[1]! : parts.join(':')
  if ((bracketed && parts.length) || (ip && !isIP(ip))) {
    throw new StrakeError('invalid', `Invalid ip address: ${bracketed ? text : ip}`)
  }
  return { hostIp: ip || '0.0.0.0', host, container }
}

function protocolOf(name: string, text: string): PortMapping['protocol'] {
  const protocol = name.toLowerCase()
  if (protocol === 'tcp' || protocol === 'udp') return protocol
  if (protocol === 'sctp') throw new StrakeError('unsupported', `sctp ports can not be published: ${text}`)
  throw new StrakeError('invalid', `Invalid proto: ${name}`)
}

function range(text: string, message: () => string): Range {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [start, end] = [Number(first), Number(last)]
  if (first === '' || end > 65535 || start > 65535) throw new StrakeError('invalid', message())
  if (end < start) throw new StrakeError('invalid', message())
  return { start, end }
}
