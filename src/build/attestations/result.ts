import { provenance, provenanceSummary } from '../../attest/mod.ts'
import { readIndex } from '../../images/mod.ts'
import { type Descriptor, formatPlatform, isIndexType, type Manifest, type Platform } from '../../oci/mod.ts'
import type { Store } from '../../store/mod.ts'
import type { ExportedImage } from '../outputs/finished.ts'
import { cleaned, requestFacts } from './facts.ts'
import type { AttestorOptions } from './open.ts'
import { stepsOf } from './steps.ts'
import { commitOf } from './vcs.ts'

export interface ResultOptions extends Omit<AttestorOptions, 'built'> {
  readonly mode: 'min' | 'max'
  /** What it is told of, and as which image that was put out, if it was. */
  readonly built: AttestorOptions['built'][number]
  readonly exported: ExportedImage | undefined
}

/** What a build tells its caller of how the image came to be, attested or not: SLSA's predicate. */
export async function resultProvenance({ mode, built, exported, ...of }: ResultOptions): Promise<object> {
  const { execution, id, startedAt } = of.session
  const { stage, image } = built
  const facts = requestFacts({ ...of, execution, top: stage.top })
  const asked = of.options.attest?.provenance
  if (mode === 'min') return provenanceSummary(facts, asked)
  const layers = exported ? layersOf(execution.store, exported.manifest, image.platform) : []
  const steps = cleaned(execution, stepsOf(stage.top, image.platform, layers))
  const vcs = cleaned(execution, await commitOf(of.options))
  const all = { ...facts, steps, vcs, invocationId: id, startedAt, finishedAt: Date.now() }
  return provenance(all, { ...asked, mode }).predicate
}

function layersOf(store: Store, root: Descriptor, platform: Platform): readonly Descriptor[] {
  const isOfPlatform = (found: Descriptor) =>
    found.platform && formatPlatform(found.platform) === formatPlatform(platform)
  const manifest = isIndexType(root.mediaType) ? readIndex(store, root.digest).manifests.find(isOfPlatform)! : root
  return (JSON.parse(store.content.read(manifest.digest).toString()) as Manifest).layers
}
