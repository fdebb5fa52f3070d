import { mediaTypes } from '../oci/mod.ts'
import type { Compression } from '../store/mod.ts'

/** The media type of a layer's blob. */
export const layerTypes: Readonly<Record<Compression, string>> = {
  none: mediaTypes.layer,
  gzip: mediaTypes.layerGzip,
  zstd: mediaTypes.layerZstd,
}
