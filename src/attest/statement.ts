import { type Descriptor, type Digest, digestOf, hex, mediaTypes } from '../oci/mod.ts'

/** A statement of in-toto without its subject: what is said. */
export interface Predicate {
  readonly type: string
  readonly predicate: unknown
}

/** What a statement is about: a name, and the digest of what has it. */
export interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** The bytes of an in-toto statement (github.com/in-toto/attestation, spec/v0.1). */
export function statement({ type, predicate }: Predicate, subject: readonly Subject[], indent?: number): string {
  const document = { _type: 'https://in-toto.io/Statement/v0.1', predicateType: type, subject, predicate }
  return JSON.stringify(document, null, indent)
}

/** A blob that is to be stored, with its descriptor. */
export interface Document {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** What stands beside an image in an index and attests something of it. */
export interface Attestation {
  /** The manifest, with the annotations that an index has of it. */
  readonly manifest: Document
  /** What it names: its configuration and the statements. */
  readonly blobs: readonly Document[]
}

/**
 * The manifest of attestations to the image that `manifest` is, as BuildKit stores them
 * (docs/attestations/attestation-storage.md): each layer is a statement.
 *
 * @param names the image's package URLs; without any, the subject is unnamed
 */
export function attestationManifest(
  manifest: Descriptor,
  { names, predicates }: { readonly names: readonly string[]; readonly predicates: readonly Predicate[] },
): Attestation {
  const digest = { sha256: hex(manifest.digest) }
  // A name that says nothing is an underscore (spec/v0.1, subject).
  const subject = (names.length > 0 ? names : ['_']).map((name) => ({ name, digest }))
  const layers = predicates.map((predicate) =>
    document('application/vnd.in-toto+json', statement(predicate, subject), {
      'in-toto.io/predicate-type': predicate.type,
    }),
  )
  const config = document(
    mediaTypes.config,
    JSON.stringify({
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.descriptor.digest) },
    }),
  )
  const own = document(
    mediaTypes.manifest,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: config.descriptor,
      layers: layers.map((layer) => layer.descriptor),
    }),
  )
  const annotations = {
    'vnd.docker.reference.digest': manifest.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  }
  const descriptor = { ...own.descriptor, annotations, platform: { architecture: 'unknown', os: 'unknown' } }
  return { manifest: { descriptor, bytes: own.bytes }, blobs: [config, ...layers] }
}

function document(mediaType: string, text: string, annotations?: Readonly<Record<string, string>>): Document {
  const bytes = Buffer.from(text)
  const digest: Digest = digestOf(bytes)
  return { descriptor: { mediaType, digest, size: bytes.length, ...(annotations && { annotations }) }, bytes }
}
