import { StrakeError } from '../../lib/mod.ts'
import { type Descriptor, isDigest, isImageType, isIndexType, mediaTypes } from '../../oci/mod.ts'
import { maxManifestSize, schema1Types } from './media-types.ts'

interface Common {
  readonly mediaType: string
  readonly artifactType: string | undefined
  /** The manifest that this one says something about (signatures, attestations). */
  readonly subject: Descriptor | undefined
  readonly annotations: Readonly<Record<string, string>>
}

/** A manifest whose form has been checked: descriptors are such, digests are digests. */
export type ParsedManifest =
  | (Common & { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] })
  | (Common & { readonly kind: 'index'; readonly manifests: readonly Descriptor[] })

type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads the bytes of a manifest. What could be read in two ways is refused: `layers` beside `manifests` (image-spec 1.1,
 * manifest.md), a media type in the document that is not the one it was sent with.
 *
 * @param contentType what it was sent as; parameters (`; charset=`) don't count
 * @throws `corrupt`; `unsupported` for docker's schema 1 and for types that are no manifest's
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ParsedManifest {
  if (bytes.length > maxManifestSize) {
    throw corrupt(`it has ${bytes.length} bytes, and ${maxManifestSize} are the most that a manifest may have`)
  }
  const document = parseDocument(bytes)
  if (document.schemaVersion === 1) throw outdated()
  if (document.schemaVersion !== 2) throw corrupt('schemaVersion is not 2')
  const mediaType = typeOf(document, contentType?.split(';')[0]?.trim().toLowerCase())
  const common = {
    mediaType,
    artifactType: optionalText(document.artifactType, 'artifactType'),
    subject: document.subject === undefined ? undefined : readDescriptor(document.subject, 'subject'),
    annotations: readTexts(document.annotations, 'annotations'),
  }
  if (isIndexType(mediaType)) {
    if ('layers' in document || 'config' in document) throw corrupt('an index must not have layers or a configuration')
    return { ...common, kind: 'index', manifests: readDescriptors(document.manifests, 'manifests') }
  }
  if (!isImageType(mediaType)) throw new StrakeError('unsupported', `a manifest of type ${JSON.stringify(mediaType)}`)
  if ('manifests' in document) throw corrupt('it has both layers and manifests')
  const config = readDescriptor(document.config, 'config')
  return { ...common, kind: 'image', config, layers: readDescriptors(document.layers, 'layers') }
}

/** How deep objects and lists may stand in each other: more than any document has, less than any stack takes. */
const maxDepth = 64

/** Reads untrusted JSON whose outermost value must be an object. Throws `corrupt`. */
export function parseDocument(bytes: Uint8Array): JsonObject {
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) throw corrupt('it is nested too deeply')
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw corrupt('it is not JSON', cause)
  }
  if (!isObject(value)) throw corrupt('it is not a JSON object')
  return value
}

function typeOf(document: JsonObject, sent: string | undefined): string {
  const own = optionalText(document.mediaType, 'mediaType')
  if (sent !== undefined && schema1Types.includes(sent)) throw outdated()
  // `application/json` and the like say nothing.
  const told = sent !== undefined && (isIndexType(sent) || isImageType(sent)) ? sent : undefined
  if (own !== undefined && told !== undefined && own !== told) {
    throw corrupt(`it was sent as ${told} and says that it is ${JSON.stringify(own)}`)
  }
  if (own ?? told) return (own ?? told)!
  if ('manifests' in document === 'layers' in document) throw corrupt('it has neither a media type nor one meaning')
  return 'manifests' in document ? mediaTypes.index : mediaTypes.manifest
}

function readDescriptors(value: unknown, what: string): Descriptor[] {
  if (!Array.isArray(value)) throw corrupt(`${what} is not a list`)
  return value.map((item, i) => readDescriptor(item, `${what}[${i}]`))
}

/** Checks a descriptor (image-spec, descriptor.md). `what` names its place. Throws `corrupt`. */
export function readDescriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value)) throw corrupt(`${what} is not a descriptor`)
  const { mediaType, digest, size, platform, urls } = value
  if (typeof mediaType !== 'string' || !/^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(mediaType)) {
    throw corrupt(`${what} has no valid media type`)
  }
  if (!isDigest(digest)) throw corrupt(`${what} has an invalid digest ${JSON.stringify(digest)?.slice(0, 100)}`)
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw corrupt(`${what} has an invalid size`)
  if (platform !== undefined && !(isObject(platform) && isText(platform.os) && isText(platform.architecture))) {
    throw corrupt(`${what} has an invalid platform`)
  }
  if (urls !== undefined && !(Array.isArray(urls) && urls.every(isText))) throw corrupt(`${what} has invalid urls`)
  readTexts(value.annotations, `${what}.annotations`)
  optionalText(value.artifactType, `${what}.artifactType`)
  return value as unknown as Descriptor
}

function readTexts(value: unknown, what: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!isObject(value) || !Object.values(value).every(isText)) throw corrupt(`${what} is not a table of texts`)
  return value as Record<string, string>
}

function optionalText(value: unknown, what: string): string | undefined {
  if (value !== undefined && !isText(value)) throw corrupt(`${what} is not a text`)
  return value === '' ? undefined : value
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function corrupt(why: string, cause?: unknown): StrakeError {
  return new StrakeError('corrupt', `invalid manifest: ${why}`, { cause })
}

function outdated(): StrakeError {
  return new StrakeError('unsupported', "docker's image manifests of version 2, schema 1 are not supported", {
    hint: 'Push the image again with a docker of after 2016, which makes a manifest of schema 2.',
  })
}
