import type { BuildRecord, BuildResult } from '../engine/mod.ts'
import { isIndexType } from '../oci/mod.ts'

/** What --metadata-file writes, with buildx's keys: of the first output that is an image, or of that of the store. */
export function buildMetadata({ exported, id, provenance }: BuildResult, record: BuildRecord | undefined): string {
  const names = [...new Set(exported.flatMap((image) => image.names))]
  const descriptor = exported[0]?.manifest
  const metadata = {
    ...(provenance && { 'buildx.build.provenance': provenance }),
    // Builder, node and build: there are no builders to choose from.
    ...(record && { 'buildx.build.ref': `default/default/${record.id}` }),
    ...(descriptor && {
      // As buildx: an index has no configuration.
      ...(!isIndexType(descriptor.mediaType) && { 'containerimage.config.digest': id }),
      'containerimage.descriptor': descriptor,
      'containerimage.digest': descriptor.digest,
    }),
    ...(names.length > 0 && { 'image.name': names.join(',') }),
  }
  return `${JSON.stringify(metadata, null, 2)}\n`
}

/** BUILDX_METADATA_PROVENANCE: how much of the build's provenance the file has. What nobody knows is as `min`. */
export function metadataProvenance({
  BUILDX_METADATA_PROVENANCE: text = '',
}: NodeJS.ProcessEnv): 'min' | 'max' | undefined {
  if (text === 'max') return 'max'
  return text === 'disabled' || /^(?:0|f|false)$/i.test(text) ? undefined : 'min'
}
