import { mediaTypes } from '../../oci/mod.ts'

/** Media types of manifests, in the order in which a client asks for them. */
export const manifestTypes: readonly string[] = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
]

/** What is stored as a layer but has its bytes somewhere else (`urls`): it is neither pushed nor pulled. */
export const foreignLayerTypes: readonly string[] = [
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]

/** Docker's manifests of before 2016, whose layers are named by the hash of something else. Nobody takes them any more. */
export const schema1Types: readonly string[] = [
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
]

/** The configuration of an artifact that has none: `{}` (image-spec manifest.md). */
export const emptyType = 'application/vnd.oci.empty.v1+json'

/** Bytes of the largest manifest that is sent or taken, as docker's registry has it. */
export const maxManifestSize = 4 * 1024 * 1024
