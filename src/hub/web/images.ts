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
  /** Its layers are files of some kind, and none of a root file system: nobody runs it. */
  readonly artifact: boolean
  readonly steps: readonly Step[]
  /** Of the configuration: names and values as people read them. */
  readonly settings: readonly (readonly [string, string])[]
  readonly labels: readonly (readonly [string, string])[]
}

export interface IndexDetails {
  readonly kind: 'index'
  readonly digest: Digest
  readonly mediaType: string
  readonly images: readonly IndexedImage[]
  /** What builders say of the images: where they come from, what is in them. */
  readonly attestations: readonly Attestation[]
}

export interface IndexedImage {
  readonly digest: Digest
  /** Undefined where the index does not tell. */
  readonly platform: string | undefined
  /** Compressed; undefined where the hub does not have it yet, as a mirror's. */
  readonly size: number | undefined
}

export interface Attestation {
  readonly digest: Digest
  readonly platform: string | undefined
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
    const members = parsed.manifests.filter((member) => manifestTypes.includes(member.mediaType)).slice(0, maxShown)
    const images: IndexedImage[] = []
    for (const member of members.filter((member) => !isAttestation(member))) {
      const { digest, platform } = member
      images.push({ digest, platform: platform && platformText(platform), size: await sizeOf(digest) })
    }
    const platforms = new Map(images.map(({ digest, platform }) => [digest as string, platform]))
    const attestations = members.filter(isAttestation).map(({ digest, annotations }) => {
      return { digest, platform: platforms.get(annotations?.['vnd.docker.reference.digest'] ?? '') }
    })
    return { kind: 'index', digest, mediaType, images, attestations }
  }
  const config = await readConfig()
  const layers = parsed.layers
  return {
    kind: 'image',
    digest,
    mediaType,
    size: sum([parsed.config, ...layers]),
    platform: isPlatform(config) ? platformText(config) : undefined,
    created: typeof config.created === 'string' ? config.created.slice(0, 40) : undefined,
    artifactType: parsed.artifactType,
    artifact: parsed.artifactType !== undefined || layers.some(({ mediaType }) => !/\btar\b/.test(mediaType)),
    steps: stepsOf(config.history, layers).slice(0, maxShown),
    settings: settingsOf(record(config.config)),
    labels: pairsOf(record(config.config).Labels),
  }

  async function sizeOf(digest: Digest): Promise<number | undefined> {
    const member = await contents.manifest(repository, digest)
    const parsed = member && parseManifest(member.content, member.mediaType)
    return parsed?.kind === 'image' ? sum([parsed.config, ...parsed.layers]) : undefined
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

/** BuildKit's mark of a manifest that says something about another one, and is no image. */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' || platform?.os === 'unknown'
}

function sum(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0)
}

/** Pairs what was done with the layers it made. Where they don't fit together, layers stand alone. */
function stepsOf(history: unknown, layers: readonly Descriptor[]): Step[] {
  const entries = (Array.isArray(history) ? history : []).filter((entry) => typeof entry === 'object' && entry !== null)
  const made = (entries as History[]).filter((entry) => !entry.empty_layer).length
  if (made !== layers.length) return layers.map((layer) => ({ instruction: layerName(layer), layer }))
  let next = 0
  return (entries as History[]).map(({ created_by: by, comment, empty_layer: empty }) => ({
    instruction: instructionText(typeof by === 'string' ? by : typeof comment === 'string' ? comment : ''),
    layer: empty ? undefined : layers[next++],
  }))
}

/** What a layer of an artifact is: a file (ORAS), a statement (in-toto). */
function layerName({ annotations }: Descriptor): string {
  const name = annotations?.['org.opencontainers.image.title'] ?? annotations?.['in-toto.io/predicate-type']
  return typeof name === 'string' ? name.slice(0, 400) : ''
}

/** What stood in the Dockerfile, from what builders write of it. */
export function instructionText(createdBy: string): string {
  const text = createdBy.slice(0, 4000).replace(/\s*# buildkit\s*$/, '')
  const nop = /^\/bin\/sh -c #\(nop\)\s+/.exec(text)
  if (nop) return plainArguments(text.slice(nop[0].length))
  const [args, count] = /^(?:RUN )?\|(\d{1,2}) /.exec(text) ?? []
  if (args !== undefined) {
    // Build arguments stand before the command, and nothing says where a value with blanks in it ends.
    const shell = text.indexOf('/bin/sh -c ')
    const words = text.slice(args.length).split(' ').slice(Number(count))
    return lines(`RUN ${shell < 0 ? words.join(' ') : text.slice(shell + '/bin/sh -c '.length)}`)
  }
  return lines(plainArguments(text.replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ')))
}

/** Commands that stood on lines of their own, of which the blanks are left. */
function lines(text: string): string {
  if (!text.startsWith('RUN ')) return text
  return text.replace(/(;|&&|\|\|)[ \t]{2,}/g, '$1\n    ').replace(/[ \t]{2,}(&&|\|\|)/g, '\n    $1')
}

/** Lists and maps as a Dockerfile has them, and not as Go prints them. */
function plainArguments(text: string): string {
  const [, name, list] = /^(EXPOSE|VOLUME) (?:map)?\[([^[\]"]*)\]$/.exec(text) ?? []
  if (name !== undefined && list !== undefined) return `${name} ${list.replace(/:(?:\{\}|struct\{\}\{\})/g, '').trim()}`
  return /^(?:CMD|ENTRYPOINT|SHELL) \["/.test(text) ? text.replace(/" "/g, '", "') : text
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
