import type { ContainerConfig, History, ImageConfig, Platform } from '../../oci/mod.ts'
import type { Vertex } from '../graph.ts'
import type { ScanArgs, Scanned } from './scan-args.ts'

/** A stage while its instructions are read: its root file system so far, and the configuration that is being made. */
export interface Stage {
  readonly name: string | undefined
  readonly index: number
  /** Its root file system. */
  top: Vertex
  config: Mutable<ContainerConfig>
  readonly platform: Pick<ImageConfig, 'architecture' | 'os' | 'variant'>
  /** What was asked for: --platform of its FROM, or that of the build. */
  readonly runsOn: Platform
  author: string | undefined
  /** What the base brought. */
  readonly inherited: readonly History[]
  /** One entry for each instruction; those that make a layer name its vertex. */
  readonly history: { readonly entry: History; readonly vertex: Vertex | undefined }[]
  /** ARGs in force, in order of declaration; undefined for one without a value. */
  readonly args: Map<string, string | undefined>
  /** What RUN and expansion see: ENV and ARG, of which the later one wins. */
  readonly env: Map<string, string>
  /** What of it an SBOM is to be of. */
  scan: ScanArgs
  /** Of a target: what its SBOM is to be of besides. */
  readonly scanned: Scanned
  /** CMD was given in this stage. */
  cmdSet: boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The configuration that a stage starts with: the base's, with a PATH. */
export function inheritConfig(base: ContainerConfig | undefined, scratch: boolean): Mutable<ContainerConfig> {
  const { OnBuild: _, ...config } = base ?? {}
  const env = config.Env ?? []
  const hasPath = env.some((pair) => pair.startsWith('PATH='))
  return {
    ...config,
    Env: hasPath ? env : [`PATH=${defaultPath}`, ...env],
    ...(scratch && !config.WorkingDir && { WorkingDir: '/' }),
  }
}

/** The variables of a configuration. */
export function envOf(config: ContainerConfig): Map<string, string> {
  return new Map(
    config.Env?.map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

/** Replaces a variable where it stands, or adds it at the end. */
export function setEnv(env: readonly string[] | undefined, name: string, value: string): string[] {
  const pair = `${name}=${value}`
  const at = env?.findIndex((old) => old.startsWith(`${name}=`)) ?? -1
  return at < 0 ? [...(env ?? []), pair] : env!.with(at, pair)
}

/** Docker's order of keys, without empty values. */
export function finishConfig(config: ContainerConfig): ContainerConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, ArgsEscaped } = config
  const ordered = {
    User,
    ExposedPorts: sorted(ExposedPorts),
    Env,
    Entrypoint,
    Cmd,
    Volumes: sorted(Volumes),
    WorkingDir,
    Labels: sorted(Labels),
    StopSignal,
    ArgsEscaped,
    Healthcheck: config.Healthcheck,
    OnBuild: config.OnBuild,
    Shell: config.Shell,
  }
  return Object.fromEntries(Object.entries(ordered).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function sorted<T>(record: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  return record && Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Go's %q of a list of strings, as history shows commands: `["a" "b c"]`. */
export function quotedList(words: readonly string[]): string {
  return `[${words.map(goQuote).join(' ')}]`
}

export function goQuote(text: string): string {
  const short: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '"': '\\"', '\\': '\\\\' }
  return `"${text.replace(/["\\\n\t\r]/g, (c) => short[c]!).replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

/** Go's notation of a duration in nanoseconds: `1m30s`, `5s`, `500ms`, `0s`. */
export function goDuration(ns: number): string {
  if (ns === 0) return '0s'
  if (ns < 1e3) return `${ns}ns`
  if (ns < 1e6) return `${ns / 1e3}µs`
  if (ns < 1e9) return `${ns / 1e6}ms`
  const hours = Math.floor(ns / 3.6e12)
  const minutes = Math.floor((ns % 3.6e12) / 6e10)
  const seconds = (ns % 6e10) / 1e9
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}s`
}
