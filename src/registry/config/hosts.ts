import { readdirSync, readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errno, StrakeError } from '../../lib/mod.ts'
import { isLoopback, type TransportOptions } from '../http/transport.ts'
import { type DaemonJson, readDaemonJson, readText } from './daemon-json.ts'
import { dockerConfigDirectory } from './docker-config.ts'
import { parseToml, type TomlTable } from './toml.ts'

/** A server that has a repository. */
export interface Endpoint {
  /** `registry-1.docker.io`, `localhost:5000`. */
  readonly host: string
  /** What the repository is called there. */
  readonly repository: string
  /** The schemes to try, in this order. */
  readonly schemes: readonly ('https' | 'http')[]
  /** Its certificate need not be valid. */
  readonly insecure: boolean
  /** Asked before the registry itself, for pulls only. */
  readonly mirror: boolean
}

type Secure = Pick<Endpoint, 'schemes' | 'insecure'>
const secure: Secure = { schemes: ['https'], insecure: false }
const insecure: Secure = { schemes: ['https', 'http'], insecure: true }
/** What is on this machine speaks plain HTTP nearly always, and the other way costs the time to load TLS. */
const loopback: Secure = { schemes: ['http', 'https'], insecure: true }

/**
 * Where a repository is to be found: mirrors first, the registry itself last. Goes by docker's daemon.json
 * (`insecure-registries`, `registry-mirrors`) and by registries.conf of containers, each where it is there.
 * Throws `denied` for a registry that registries.conf blocks, `invalid` for files that can't be read.
 */
export function endpointsOf(registry: string, repository: string, env: NodeJS.ProcessEnv): Endpoint[] {
  const docker = registriesOf(readDaemonJson(env))
  const found = findEntry(`${registry}/${repository}`, env)
  if (found?.entry.blocked === true) {
    throw new StrakeError('denied', `${registry}/${repository} is blocked by ${found.file}`)
  }
  const own = found?.entry.insecure === true ? insecure : secure
  const place = (location: string, how: Secure, mirror: boolean): Endpoint => {
    const rest = found ? `${registry}/${repository}`.slice(found.prefix.length) : `/${repository}`
    const [host = '', ...path] = `${location}${rest}`.split('/')
    const named = docker.insecure.some((name) => covers(name, host))
    const security = isLoopback(hostname(host)) ? loopback : named ? insecure : how
    return { host: serverOf(host), repository: path.join('/'), ...security, mirror }
  }
  const mirrors = list(found?.entry.mirror).map((mirror) => {
    if (typeof mirror.location !== 'string')
      throw new StrakeError('invalid', `${found!.file}: a mirror without a location`)
    return place(mirror.location, mirror.insecure === true ? insecure : secure, true)
  })
  if (registry === 'docker.io') {
    for (const text of docker.mirrors) {
      const { host, pathname, protocol } = mirrorUrl(text, docker.file)
      const path = `${pathname.replace(/\/$/, '')}/${repository}`.slice(1)
      const how: Secure = protocol === 'http:' ? { schemes: ['http'], insecure: true } : secure
      mirrors.push({ ...how, host, repository: path, mirror: true })
    }
  }
  const location = typeof found?.entry.location === 'string' ? found.entry.location : undefined
  return [...mirrors, place(location ?? (found ? found.prefix : registry), own, false)]
}

/** The certificates in `certs.d/HOST`: `*.crt` are authorities, `NAME.cert` with `NAME.key` ours. Throws `invalid`. */
export function hostCertificates(host: string, env: NodeJS.ProcessEnv): Pick<TransportOptions, 'ca' | 'identities'> {
  const ca: string[] = []
  const identities: { cert: string; key: string }[] = []
  for (const base of configDirectories(env)) {
    const directory = join(base, 'certs.d', host)
    const names = listing(directory)
    const read = (name: string) => readFileSync(join(directory, name), 'utf8')
    for (const name of names) {
      if (name.endsWith('.crt')) ca.push(read(name))
      if (name.endsWith('.key') && !names.includes(name.replace(/key$/, 'cert'))) throw lonely(directory, name, 'cert')
      if (!name.endsWith('.cert')) continue
      const key = name.replace(/cert$/, 'key')
      if (!names.includes(key)) throw lonely(directory, name, 'key')
      identities.push({ cert: read(name), key: read(key) })
    }
  }
  return { ca, identities }
}

function lonely(directory: string, name: string, lacking: 'cert' | 'key'): StrakeError {
  const missing = name.replace(/\w+$/, lacking)
  return new StrakeError('invalid', `${join(directory, name)}: ${missing} is missing beside it`, {
    hint: 'A client certificate (.cert) and its key (.key) have the same name; the CA of a registry is a .crt file.',
  })
}

/** The most personal place first. */
function configDirectories(env: NodeJS.ProcessEnv): string[] {
  const home = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  return [dockerConfigDirectory(env), join(home, 'containers'), '/etc/docker', '/etc/containers']
}

function serverOf(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry
}

function registriesOf({ file, value }: DaemonJson) {
  return { file, insecure: texts(value['insecure-registries']), mirrors: texts(value['registry-mirrors']) }
}

function mirrorUrl(text: string, file: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.username) return url
  throw new StrakeError('invalid', `${file}: registry-mirrors has ${JSON.stringify(text)}, which is no http(s) URL`)
}

/** Whether an entry of `insecure-registries`, a host or a network, means a registry. */
function covers(name: string, registry: string): boolean {
  const host = hostname(registry)
  const [network = '', bits] = name.split('/')
  if (bits === undefined || isIP(network) === 0) return name === registry || name === host
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(host) !== isIP(network) || !(Number(bits) <= (family === 'ipv6' ? 128 : 32))) return false
  const block = new BlockList()
  block.addSubnet(network, Number(bits), family)
  return block.check(host, family)
}

/** Without port and brackets. */
function hostname(registry: string): string {
  return registry.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

/** The entry of registries.conf (containers-registries.conf(5), version 2) with the longest prefix of the name. */
function findEntry(name: string, env: NodeJS.ProcessEnv) {
  const named = env.CONTAINERS_REGISTRIES_CONF
  const files = named
    ? [named]
    : [configDirectories(env)[1]!, '/etc/containers'].map((dir) => join(dir, 'registries.conf'))
  let best: { readonly file: string; readonly prefix: string; readonly entry: TomlTable } | undefined
  for (const file of files) {
    const text = readText(file)
    if (text === undefined) continue
    for (const entry of list(parseToml(text, file).registry)) {
      const written = entry.prefix ?? entry.location
      if (typeof written !== 'string' || written === '') {
        throw new StrakeError('invalid', `${file}: a registry without a prefix and a location`)
      }
      const prefix = matching(name, written)
      if (prefix !== undefined && prefix.length > (best?.prefix.length ?? 0)) best = { file, prefix, entry }
    }
    break
  }
  return best
}

/** The part of the name that a prefix covers: whole components, or with `*.` any host below a domain. */
function matching(name: string, prefix: string): string | undefined {
  if (prefix.startsWith('*.')) {
    const host = name.slice(0, name.indexOf('/'))
    return host.endsWith(prefix.slice(1)) ? host : undefined
  }
  return name === prefix || name.startsWith(`${prefix}/`) ? prefix : undefined
}

function list(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object') : []
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function listing(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EACCES)$/.test(errno(error) ?? '')) return []
    throw error
  }
}
