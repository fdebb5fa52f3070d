import { isAttestation, subjectOf } from '../images/mod.ts'
import type { Descriptor, Platform } from '../oci/mod.ts'
import { parseDocument, parseManifest } from '../registry/mod.ts'
import type { Engine } from './engine.ts'

/** What is attached to an image, with the keys of `docker buildx imagetools inspect`. */
export interface Attestations {
  /** The predicate of SLSA's provenance; empty where there is none. */
  readonly Provenance: { readonly SLSA?: unknown }
  /** The SPDX document of the image, and those of other stages and the context. */
  readonly SBOM: { readonly SPDX?: unknown; readonly AdditionalSPDXs?: readonly unknown[] }
}

/**
 * The statements on an image whose name stands for an index that has some. What is not in the store is not there. Throws
 * `corrupt` for what is no statement.
 */
export function attestationsOf({ images, store }: Engine, name: string, platform?: Platform): Attestations {
  const image = images.get(name, platform)
  const members = images.index(name)?.members ?? []
  const own = members.find((member) => member.image?.id === image.id)?.descriptor.digest
  const read = ({ digest }: Descriptor) => (store.content.info(digest) ? [store.content.read(digest)] : [])
  const statements = members
    .filter(({ descriptor }) => isAttestation(descriptor) && subjectOf(descriptor) === own)
    .flatMap(({ descriptor }) => read(descriptor).map((bytes) => parseManifest(bytes, descriptor.mediaType)))
    .flatMap((manifest) => (manifest.kind === 'index' ? [] : manifest.layers.flatMap(read)))
    .map(parseDocument)
  const predicates = (type: RegExp) =>
    statements.flatMap(({ predicateType, predicate }) => (type.test(String(predicateType)) ? [predicate] : []))
  const [provenance] = predicates(/^https:\/\/slsa\.dev\/provenance\//)
  const [sbom, ...others] = predicates(/^https:\/\/spdx\.dev\/Document/)
  return {
    Provenance: { ...(provenance !== undefined && { SLSA: provenance }) },
    SBOM: { ...(sbom !== undefined && { SPDX: sbom }), ...(others.length > 0 && { AdditionalSPDXs: others }) },
  }
}
