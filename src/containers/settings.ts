import { constants, hostname as hostHostname } from 'node:os'
import { StrakeError } from '../lib/mod.ts'
import { type PortMapping, parseExposed, parsePorts } from '../network/mod.ts'
import type { ContainerConfig } from '../oci/mod.ts'
import { resolveIsolation } from './isolation.ts'
import { resolveLimits } from './limits.ts'
import { anonymousVolume, parseMount, parseTmpfs, parseVolume } from './mount-options.ts'
import type { ContainerMount, CreateOptions, NetworkMode, Settings } from './types.ts'

/** A program finds its tools here where the image does not say: docker's default. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * What a container will be: the image's configuration overlaid by what was asked for, by docker's rules.
 * Throws `invalid` for what is wrong in itself.
 */
export function resolveSettings(options: CreateOptions, image: ContainerConfig, id: string): Settings {
  const { entrypoint, command } = commandLine(options, image)
  const network = networkMode(options.network)
  if (options.hostname && options.uts === 'host') {
    throw new StrakeError('invalid', 'conflicting options: hostname and the UTS mode')
  }
  const hostname = options.hostname || (network === 'host' ? hostHostname() : id.slice(0, 12))
  const asked = [...Object.keys(image.ExposedPorts ?? {}), ...(options.expose ?? [])]
  const exposed = [...new Set(asked.flatMap(parseExposed))]
  const workdir = options.workdir ?? (image.WorkingDir || '/')
  if (!workdir.startsWith('/')) {
    throw new StrakeError('invalid', `the working directory '${workdir}' is invalid, it needs to be an absolute path`)
  }
  if (options.stopTimeout !== undefined && !(Number.isInteger(options.stopTimeout) && options.stopTimeout >= -1)) {
    throw new StrakeError('invalid', `invalid stop timeout: ${options.stopTimeout}`)
  }
  return {
    image: options.image,
    entrypoint,
    command,
    env: environment(options, image, hostname),
    workdir,
    user: options.user ?? image.User ?? '',
    hostname: checkHostname(hostname),
    tty: options.tty ?? false,
    interactive: options.interactive ?? false,
    stdinOnce: options.stdinOnce ?? false,
    autoRemove: options.autoRemove ?? false,
    publish: published(options, network, exposed),
    exposed,
    mounts: mounts(options, image),
    network,
    addHosts: options.addHosts ?? [],
    capAdd: options.capAdd ?? [],
    capDrop: options.capDrop ?? [],
    privileged: options.privileged ?? false,
    readonlyRootfs: options.readonlyRootfs ?? false,
    ...resolveIsolation(options, network),
    labels: { ...image.Labels, ...options.labels },
    stopSignal: signalName(options.stopSignal ?? image.StopSignal ?? 'SIGTERM'),
    stopTimeout: options.stopTimeout ?? 10,
    init: options.init ?? false,
    ...resolveLimits(options),
    ...(options.oomScoreAdj !== undefined && { oomScoreAdj: oomScore(options.oomScoreAdj) }),
  }
}

function commandLine({ entrypoint, command }: CreateOptions, image: ContainerConfig) {
  const own = command?.length ? command : undefined
  const line =
    entrypoint === undefined
      ? { entrypoint: image.Entrypoint ?? [], command: own ?? image.Cmd ?? [] }
      : { entrypoint, command: own ?? [] }
  if (line.entrypoint.length + line.command.length === 0) {
    throw new StrakeError('invalid', 'no command specified', {
      hint: 'The image has neither ENTRYPOINT nor CMD: name a command after the image.',
    })
  }
  return line
}

function environment({ env = [], tty }: CreateOptions, image: ContainerConfig, hostname: string): string[] {
  const all = new Map([['PATH', defaultPath], ['HOSTNAME', hostname], ...(tty ? [['TERM', 'xterm'] as const] : [])])
  for (const entry of [...(image.Env ?? []), ...env]) {
    const equals = entry.indexOf('=')
    if (equals === 0) throw new StrakeError('invalid', `invalid environment variable: ${entry}`)
    if (equals < 0) all.delete(entry)
    else all.set(entry.slice(0, equals), entry.slice(equals + 1))
  }
  return [...all].map(([name, value]) => `${name}=${value}`)
}

function networkMode(text = 'bridge'): NetworkMode {
  if (text === 'default' || text === '') return 'bridge'
  if (text === 'bridge' || text === 'host' || text === 'none') return text
  throw new StrakeError('not_found', `network ${text} not found`, { hint: 'It is one of bridge, host and none.' })
}

function checkHostname(name: string): string {
  if (/^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/.test(name) && name.length <= 64) return name
  throw new StrakeError('invalid', `invalid hostname: ${name}`)
}

function published(options: CreateOptions, network: NetworkMode, exposed: readonly string[]): PortMapping[] {
  const ports = (options.publish ?? []).flatMap(parsePorts)
  if (options.publishAll) {
    const known = new Set(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`))
    ports.push(...exposed.filter((port) => !known.has(port)).flatMap(parsePorts))
  }
  // As docker: without a network of its own, the container has the host's ports already, or none.
  return network === 'bridge' ? ports : []
}

function mounts(options: CreateOptions, image: ContainerConfig): ContainerMount[] {
  const all = new Map<string, ContainerMount>()
  for (const mount of [
    ...(options.volumes ?? []).map(parseVolume),
    ...(options.mounts ?? []).map(parseMount),
    ...(options.tmpfs ?? []).map(parseTmpfs),
  ]) {
    if (all.has(mount.target)) throw new StrakeError('invalid', `Duplicate mount point: ${mount.target}`)
    all.set(mount.target, mount)
  }
  for (const target of Object.keys(image.Volumes ?? {})) {
    const path = `/${target.split('/').filter(Boolean).join('/')}`
    if (path !== '/' && !all.has(path)) all.set(path, anonymousVolume(path))
  }
  return [...all.values()]
}

function oomScore(value: number): number {
  if (Number.isInteger(value) && value >= -1000 && value <= 1000) return value
  throw new StrakeError('invalid', `Invalid value ${value}, range for oom score adj is [-1000, 1000]`)
}

/** `SIGTERM` of `term`, `SIGTERM` or `15`. Throws `invalid` in docker's words. */
export function signalName(text: string): NodeJS.Signals {
  const upper = text.toUpperCase()
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][]
  const found = names.find(([name, number]) => name === upper || name === `SIG${upper}` || String(number) === text)
  if (found) return found[0]
  throw new StrakeError('invalid', `invalid signal: ${text}`, { hint: 'Name it as SIGTERM, TERM or 15.' })
}
