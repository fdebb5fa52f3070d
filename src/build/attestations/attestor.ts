import {
  attestationManifest,
  type BuildFacts,
  imageUrl,
  type Predicate,
  provenance,
  type Subject,
  statement,
} from '../../attest/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import type { Execution } from '../execution.ts'
import type { Vertex } from '../graph.ts'
import type { Attach, FinishedImage, PackedImage } from '../outputs/assemble.ts'
import type { AttestOptions } from '../types.ts'
import { cleaned } from './facts.ts'
import type { NamedPredicate } from './sbom.ts'
import { stepsOf } from './steps.ts'

/** What is known of an image that is to be attested. */
export interface Attested {
  readonly image: FinishedImage
  readonly top: Vertex
  readonly facts: Omit<BuildFacts, 'steps' | 'finishedAt'>
  readonly sbom: readonly NamedPredicate[]
}

/** A statement of the files that stand beside it. */
export interface StatementFile {
  readonly name: string
  readonly text: (subjects: readonly Subject[]) => string
}

export interface StatementNames {
  readonly prefix: string | undefined
  readonly platform: string | undefined
}

/** Makes statements of what was built. */
export interface Attestor {
  /** Attaches them to images that get these names. */
  attach(names: readonly string[]): Attach
  /** The statements as files of outputs that are no images, with prefix and platform in their names where these are given. */
  files(image: FinishedImage, names: StatementNames): StatementFile[]
}

export function createAttestor(
  execution: Execution,
  attested: readonly Attested[],
  { provenance: asked }: AttestOptions,
): Attestor {
  const { store, lease } = execution
  const byImage = new Map<Digest, Attested>(attested.map((each) => [each.image.config, each]))

  function provenanceOf({ facts, top }: Attested, { image, layers }: Pick<PackedImage, 'image' | 'layers'>): Predicate {
    const steps = asked?.mode === 'min' ? [] : cleaned(execution, stepsOf(top, image.platform, layers))
    return provenance({ ...facts, steps, finishedAt: Date.now() }, asked)
  }

  return {
    attach: (names) => async (packed) => {
      const { image, manifest } = packed
      const found = byImage.get(image.config)!
      const predicates = [...found.sbom, ...(asked ? [provenanceOf(found, packed)] : [])]
      const urls = names.map((name) => imageUrl(name, image.platform))
      const attestation = attestationManifest(manifest, { names: urls, predicates })
      for (const { bytes } of [...attestation.blobs, attestation.manifest]) store.content.put(bytes, lease)
      return [attestation.manifest.descriptor]
    },
    files(image, { prefix = '', platform }) {
      const found = byImage.get(image.config)!
      const predicates: NamedPredicate[] = [...found.sbom]
      if (asked && !asked.inlineOnly) {
        predicates.push({ file: asked.filename ?? 'provenance.json', ...provenanceOf(found, { image, layers: [] }) })
      }
      return predicates.map((predicate) => ({
        name: `${prefix}${platform ? predicate.file.replace(/(?=\.[^.]*$|$)/, `.${platform}`) : predicate.file}`,
        text: (subjects) => statement(predicate, subjects, 2),
      }))
    },
  }
}
