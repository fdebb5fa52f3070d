import { archiveContent } from '../../images/mod.ts'
import { copy, openLayout, StoreBlobs } from '../../registry/mod.ts'
import type { Execution } from '../execution.ts'
import { assemble } from './assemble.ts'
import { attested, type ExportedImage, type Exporting } from './finished.ts'
import { layoutNames, namesOf, placeOf } from './names.ts'
import type { BuildOutput } from './types.ts'
import { writeOutput } from './write-file.ts'

/** Writes one archive, or a layout, with the images of all targets. Gives the last one's. */
export async function exportArchive(
  execution: Execution,
  { targets, output, attestor }: Exporting<BuildOutput & { kind: 'oci' | 'docker' }>,
): Promise<ExportedImage> {
  const { store, lease, signal } = execution
  const names = namesOf(output, targets)
  const isDocker = output.kind === 'docker' && output.mediaTypes !== 'oci' && output.compression !== 'zstd'
  const mediaTypes = attestor ? 'oci' : (output.mediaTypes ?? (isDocker ? 'docker' : 'oci'))
  const exported: ExportedImage[] = []
  for (const [i, finished] of targets.entries()) {
    const manifest = await assemble(execution, attested(finished, names[i]!, attestor), { ...output, mediaTypes })
    exported.push({ manifest, names: names[i]!, pushed: false })
  }
  if (!output.folder) {
    const images = exported.map(({ manifest, names }, i) => {
      if (names.length > 0 || targets.length === 1) return { manifest, names }
      const ref = { 'org.opencontainers.image.ref.name': placeOf(targets[i]!) }
      return { manifest: { ...manifest, annotations: { ...manifest.annotations, ...ref } }, names }
    })
    await writeOutput(output.dest, archiveContent(store, images, signal))
  } else if (typeof output.dest === 'string') {
    const layout = openLayout(output.dest)
    for (const [i, tags] of layoutNames(output, targets).entries()) {
      const { manifest } = exported[i]!
      await copy(new StoreBlobs(store, lease), layout, manifest, { signal })
      for (const tag of tags) await layout.tag(manifest, tag)
    }
  }
  return exported.at(-1)!
}
