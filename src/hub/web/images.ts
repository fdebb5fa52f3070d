import type { Descriptor, Digest, History, Platform } from '../../oci/mod.ts'
import { manifestTypes, parseDocument, parseManifest } from '../../registry/mod.ts'
import type { HubData } from '../hub.ts'
import type { Repository } from '../types.ts'

/** A step of an image's making. */
export interface Step {
  readonly instruction: string
  /** What it added, or undefined for one that changed the configuration only. */
  readonly layer: Descriptor | undefined
}

export interface ImageDetails {
  readonly kind: 'image'
  readonly digest: Digest
  readonly mediaType: string
  /** Compressed, as it is stored and sent. */
  readonly size: number
  readonly platform: string | undefined
  readonly created: string | undefined
  readonly artifactType: string | undefined
  readonly steps: readonly Step[]
  /** Of the configuration: names and values as people read them. */
  readonly settings: readonly (readonly [string, string])[]
  readonly labels: readonly (readonly [string, string])[]
}

export interface IndexDetails {
  readonly kind: 'index'
  readonly digest: Digest
  readonly mediaType: string
  readonly manifests: readonly { readonly descriptor: Descriptor; readonly platform: string | undefined }[]
}

const maxConfig = 1024 * 1024
const maxShown = 500

/** What there is to say of a manifest, or undefined where it is missing. A configuration that can't be read says nothing. */
export async function details(
  { contents, blobs }: HubData,
  repository: Repository,
  reference: string,
): Promise<ImageDetails | IndexDetails | undefined> {
  const stored = await contents.manifest(repository, reference)
  if (!stored) return undefined
  const { digest, mediaType } = stored
  const parsed = parseManifest(stored.content, mediaType)
  if (parsed.kind === 'index') {
    const manifests = parsed.manifests
      .filter((descriptor) => manifestTypes.includes(descriptor.mediaType))
      .map((descriptor) => ({ descriptor, platform: descriptor.platform && platformText(descriptor.platform) }))
    return { kind: 'index', digest, mediaType, manifests: manifests.slice(0, maxShown) }
  }
  const config = await readConfig()
  const layers = parsed.layers
  return {
    kind: 'image',
    digest,
    mediaType,
    size: parsed.config.size + layers.reduce((sum, { size }) => sum + size, 0),
    platform: isPlatform(config) ? platformText(config) : undefined,
    created: typeof config.created === 'string' ? config.created.slice(0, 40) : undefined,
    artifactType: parsed.artifactType,
    steps: stepsOf(config.history, layers).slice(0, maxShown),
    settings: settingsOf(record(config.config)),
    labels: pairsOf(record(config.config).Labels),
  }

  async function readConfig(): Promise<Readonly<Record<string, unknown>>> {
    const { config } = parsed as Extract<typeof parsed, { kind: 'image' }>
    const blob = config.size <= maxConfig ? await contents.blob(repository, config.digest) : undefined
    if (!blob || blob.size > maxConfig) return {}
    const pieces: Buffer[] = []
    for await (const piece of blobs.read(blob.key)) pieces.push(piece as Buffer)
    try {
      return parseDocument(Buffer.concat(pieces))
    } catch {
      // An artifact's configuration may be anything.
      return {}
    }
  }
}

/** Pairs what was done with the layers it made. Where they don't fit together, layers stand alone. */
function stepsOf(history: unknown, layers: readonly Descriptor[]): Step[] {
  const entries = (Array.isArray(history) ? history : []).filter((entry) => typeof entry === 'object' && entry !== null)
  const made = (entries as History[]).filter((entry) => !entry.empty_layer).length
  if (made !== layers.length) return layers.map((layer) => ({ instruction: '', layer }))
  let next = 0
  return (entries as History[]).map(({ created_by: by, comment, empty_layer: empty }) => ({
    instruction: instructionText(typeof by === 'string' ? by : typeof comment === 'string' ? comment : ''),
    layer: empty ? undefined : layers[next++],
  }))
}

/** What stood in the Dockerfile, from what builders write of it. */
export function instructionText(createdBy: string): string {
  const text = createdBy.slice(0, 4000).replace(/\s*# buildkit\s*$/, '')
  const nop = /^\/bin\/sh -c #\(nop\)\s+/.exec(text)
  if (nop) return text.slice(nop[0].length)
  const [args, count] = /^(?:RUN )?\|(\d{1,2}) /.exec(text) ?? []
  if (args !== undefined) {
    // Build arguments stand before the command, and nothing says where a value with blanks in it ends.
    const shell = text.indexOf('/bin/sh -c ')
    const words = text.slice(args.length).split(' ').slice(Number(count))
    return `RUN ${shell < 0 ? words.join(' ') : text.slice(shell + '/bin/sh -c '.length)}`
  }
  return text.replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ')
}

function settingsOf(config: Readonly<Record<string, unknown>>): [string, string][] {
  const list = (value: unknown) => (Array.isArray(value) && value.length > 0 ? JSON.stringify(value) : '')
  const names = (value: unknown) => Object.keys(record(value)).join(', ')
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const lines = (value: unknown) => (Array.isArray(value) ? value.map(String).join('\n') : '')
  const found: [string, string][] = [
    ['Entrypoint', list(config.Entrypoint)],
    ['Command', list(config.Cmd)],
    ['Working directory', text(config.WorkingDir)],
    ['User', text(config.User)],
    ['Ports', names(config.ExposedPorts)],
    ['Volumes', names(config.Volumes)],
    ['Environment', lines(config.Env)],
  ]
  return found.filter(([, value]) => value !== '').map(([name, value]) => [name, value.slice(0, 4000)])
}

function pairsOf(value: unknown): [string, string][] {
  return Object.entries(record(value))
    .slice(0, maxShown)
    .map(([name, text]) => [name.slice(0, 400), String(text).slice(0, 4000)])
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isPlatform(value: Readonly<Record<string, unknown>>): value is Platform & Record<string, unknown> {
  return typeof value.os === 'string' && typeof value.architecture === 'string'
}

/** `linux/arm64/v8`. What BuildKit attests has no platform. */
function platformText({ os, architecture, variant }: Platform): string | undefined {
  if (os === 'unknown') return undefined
  return [os, architecture, ...(typeof variant === 'string' ? [variant] : [])].join('/').slice(0, 100)
}
