import { existsSync, readFileSync } from 'node:fs'
import { isIP, isIPv4 } from 'node:net'
import { StrakeError } from '../lib/mod.ts'

/** systemd-resolved's list of the servers behind its own one on 127.0.0.53. */
const resolvedServers = '/run/systemd/resolve/resolv.conf'

/** What stands in a resolv.conf instead of the machine's: each where there is any of it. A search of `.` is none. */
export interface DnsSettings {
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export interface ResolvConfOptions {
  /** The container has the machine's own network: its loopback is the machine's. */
  readonly ofHost?: boolean
  readonly dns?: DnsSettings | undefined
}

/** A container's /etc/resolv.conf, from this machine's. */
export function hostResolvConf({ ofHost = false, dns }: ResolvConfOptions = {}): string {
  const own = readIfThere('/etc/resolv.conf')
  if (ofHost) return withDns(own, dns)
  const stub = nameservers(own).every((server) => server === '127.0.0.53') && existsSync(resolvedServers)
  return withDns(resolvConf(stub && nameservers(own).length ? readFileSync(resolvedServers, 'utf8') : own), dns)
}

/** A resolv.conf with these settings. */
export function withDns(text: string, dns: DnsSettings | undefined): string {
  if (!dns) return text
  const { servers, search, options } = dns
  const domains = search.filter((domain) => domain !== '.')
  const given = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(domains.length > 0 ? [`search ${domains.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ]
  const replaced = [
    ...(servers.length > 0 ? ['nameserver'] : []),
    ...(search.length > 0 ? ['search', 'domain'] : []),
    ...(options.length > 0 ? ['options'] : []),
  ]
  const kept = text.split('\n').filter((line) => line && !replaced.includes(line.trim().split(/\s/)[0]!))
  return [...given, ...kept, ''].join('\n')
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/**
 * The resolv.conf of a container on a bridge: servers on the host's loopback, which mean the container's own there, and
 * IPv6 servers, which it has no route to, are left out. Without any left, Docker's choice: Google's.
 */
export function resolvConf(hostText: string): string {
  const lines = hostText.split('\n').map((line) => line.trimEnd())
  const servers = nameservers(hostText).filter((server) => isIPv4(server) && !server.startsWith('127.'))
  const rest = lines.filter((line) => line && !/^\s*(nameserver\b|[#;])/.test(line))
  const chosen = servers.length ? servers : ['8.8.8.8', '8.8.4.4']
  return [...chosen.map((server) => `nameserver ${server}`), ...rest, ''].join('\n')
}

function nameservers(text: string): string[] {
  return [...text.matchAll(/^\s*nameserver[ \t]+(\S+)/gm)].map(([, server]) => server!)
}

export interface HostsOptions {
  readonly hostname: string
  /** The container's own address. Left out on networks without one. */
  readonly address?: string | undefined
  /** `name:address` or `name=address`; `host-gateway` stands for the host as the container sees it. */
  readonly extraHosts?: readonly string[] | undefined
  /** What `host-gateway` means. */
  readonly gateway?: string | undefined
  /** The container has the machine's own network, and its /etc/hosts. */
  readonly ofHost?: boolean
}

/** A container's /etc/hosts. Throws `invalid` for extra hosts in docker's words. */
export function hostsFile({ hostname, address, extraHosts = [], gateway, ofHost }: HostsOptions): string {
  const extra = extraHosts.map((text) => extraHost(text, gateway))
  if (ofHost) return [readIfThere('/etc/hosts').replace(/([^\n])$/, '$1\n'), ...extra.map(lineOf)].join('')
  const [short = ''] = hostname.split('.')
  const lines = [
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost ip6-localhost ip6-loopback'],
    ['fe00::', 'ip6-localnet'],
    ['ff00::', 'ip6-mcastprefix'],
    ['ff02::1', 'ip6-allnodes'],
    ['ff02::2', 'ip6-allrouters'],
    ...extra,
    ...(address ? [[address, short === hostname ? hostname : `${hostname} ${short}`]] : []),
  ]
  return lines.map(lineOf).join('')
}

function lineOf(words: readonly string[]): string {
  return `${words.join('\t')}\n`
}

function extraHost(text: string, gateway: string | undefined): [string, string] {
  const [, name = '', given = ''] = /^([^:=\s]+)[:=](\S+)$/.exec(text) ?? []
  if (!name) throw new StrakeError('invalid', `bad format for add-host: "${text}"`)
  const address = given.replace(/^\[(.*)\]$/, '$1')
  if (address === 'host-gateway') {
    if (gateway) return [gateway, name]
    throw new StrakeError('invalid', `unable to derive the IP value for host-gateway: "${text}"`, {
      hint: 'Only a bridge network has a gateway to the host.',
    })
  }
  if (!isIP(address)) {
    throw new StrakeError('invalid', `invalid IP address in add-host: "${given}"`)
  }
  return [address, name]
}
