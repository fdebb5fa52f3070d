import { basename } from 'node:path'
import { type BuildFacts, type HandedOn, type Material, withoutCredentials } from '../../attest/mod.ts'
import { formatPlatform, hostPlatform } from '../../oci/mod.ts'
import type { OpenedContext } from '../context/open.ts'
import type { Execution } from '../execution.ts'
import { proxyArgs } from '../frontend/instructions.ts'
import type { Vertex } from '../graph.ts'
import type { BuildOptions } from '../types.ts'
import { definitionsOf } from './steps.ts'

export interface FactsOptions {
  readonly execution: Execution
  readonly options: BuildOptions
  readonly opened: OpenedContext
  /** What was built of a target. */
  readonly top: Vertex
}

/** What the build of a target was asked for and what it read, without credentials, secrets and proxies. */
export type RequestFacts = Pick<
  BuildFacts,
  'materials' | 'complete' | 'network' | 'config' | 'request' | 'builderPlatform' | 'dockerfile'
>

export function requestFacts({ execution, options, opened, top }: FactsOptions): RequestFacts {
  const { material, dockerfile } = opened
  const definitions = definitionsOf(top)
  const read = definitions.flatMap(({ sources }) => sources)
  const locals = new Set(material ? [] : ['context', 'dockerfile'])
  for (const source of read) if (source.startsWith('local://')) locals.add(source.slice('local://'.length))
  // Those of other targets may be among them.
  const materials = unique(execution.materials)
  const path = material && !options.file ? 'Dockerfile' : basename(dockerfile.file)
  return cleaned(execution, {
    materials,
    complete: locals.size === 0,
    network: definitions.some(({ network }) => network),
    config: { ...material, path: material ? (options.file ?? path) : path },
    request: {
      args: requestArgs(options),
      secrets: handed(definitions.flatMap(({ secrets = [] }) => secrets)),
      ssh: handed(definitions.flatMap(({ ssh = [] }) => ssh)),
      locals: [...locals].sort(),
    },
    builderPlatform: formatPlatform(hostPlatform),
    dockerfile: { name: basename(dockerfile.file), text: dockerfile.text },
  })
}

/** The options of the build as buildx hands them to a frontend. */
function requestArgs(options: BuildOptions): Record<string, string> {
  const { buildArgs = {}, labels = {}, buildContexts = {}, addHosts = [], noCacheFilter = [], network } = options
  const targets = [options.target ?? []].flat().filter(Boolean)
  const hosts = addHosts.map((pair) => pair.replace(':', '='))
  const args = [
    ...Object.entries(buildArgs).flatMap(([name, value]) =>
      proxyArgs.includes(name) ? [] : [[`build-arg:${name}`, value] as const],
    ),
    ...Object.entries(labels).map(([name, value]) => [`label:${name}`, value] as const),
    ...Object.entries(buildContexts).map(([name, value]) => [`context:${name}`, contextValue(name, value)] as const),
    ...(targets.length ? [['target', targets.join(',')] as const] : []),
    ...(hosts.length ? [['add-hosts', hosts.join(',')] as const] : []),
    ...(network && network !== 'default' ? [['force-network-mode', network] as const] : []),
    ...(options.noCache || noCacheFilter.length ? [['no-cache', noCacheFilter.join(',')] as const] : []),
  ]
  return Object.fromEntries(args.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A path of this machine is nobody's business. */
function contextValue(name: string, value: string): string {
  return /^(?:docker-image|bootstrap|https?|git|ssh):|^git@/.test(value) ? value : `local:${name}`
}

/** In order of their kinds: images, then repositories and files; and of their names. */
function unique(materials: readonly Material[]): Material[] {
  const rank = ({ uri }: Material) => (uri.startsWith('pkg:') ? 0 : 1)
  const known = new Map(materials.map((material) => [JSON.stringify([material.uri, material.digest]), material]))
  return [...known.values()].sort((a, b) => rank(a) - rank(b) || (a.uri < b.uri ? -1 : 1))
}

function handed(all: readonly HandedOn[]): HandedOn[] {
  const byId = new Map<string, HandedOn>()
  // One that some step can't do without is needed.
  for (const each of all) if (!byId.has(each.id) || !each.optional) byId.set(each.id, each)
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The same without credentials of URLs, and without what `--secret` gave, wherever it may have got into. */
export function cleaned<T>({ secrets }: Pick<Execution, 'secrets'>, value: T): T {
  const text = (dirty: string) => withoutCredentials(secrets.redact(dirty))
  const clean = (item: unknown, key?: string): unknown => {
    if (typeof item === 'string') {
      // The content of a here-document.
      return key === 'data' ? Buffer.from(text(Buffer.from(item, 'base64').toString())).toString('base64') : text(item)
    }
    if (item instanceof Uint8Array) return Buffer.from(text(Buffer.from(item).toString()))
    if (Array.isArray(item)) return item.map((each) => clean(each))
    if (typeof item !== 'object' || item === null) return item
    return Object.fromEntries(Object.entries(item).map(([name, each]) => [name, clean(each, name)]))
  }
  return clean(value) as T
}
