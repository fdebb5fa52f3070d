import type { PackOptions } from '../../registry/mod.ts'

/** Where an archive goes: a file, which is replaced as a whole, or whoever takes its bytes. */
export type OutputFile = string | ((chunk: Uint8Array) => void)

/** What becomes of what was built, besides the cache. */
export type BuildOutput =
  /**
   * The files of its root file system in a folder, beside or in the place of what is there. They belong to the calling
   * user, and have SOURCE_DATE_EPOCH as their time where that is given.
   */
  | ({ readonly kind: 'local'; readonly dest: string } & FileForm)
  /** The same as a tar, with owners. */
  | ({ readonly kind: 'tar'; readonly dest: OutputFile } & FileForm)
  /**
   * An archive of the image that OCI tools and `docker load` read, or with `folder` an OCI image layout. `docker` has docker's
   * media types unless `mediaTypes` says otherwise.
   */
  | ({ readonly kind: 'oci' | 'docker'; readonly dest: OutputFile; readonly folder?: boolean } & ImageForm)
  /** An image of the store, and on request of registries. */
  | ({ readonly kind: 'image'; readonly push?: false | 'tags' | 'digest' } & ImageForm)
  /** Nothing but the cache. */
  | { readonly kind: 'cacheonly' }

/** How files leave. */
export interface FileForm {
  /** Whether those of each platform are in a folder of their own, `linux_amd64`; it is so where several are built. */
  readonly platformSplit?: boolean
  /** Stands before the names of the files that attestations are: `app-` for `app-provenance.json`. */
  readonly attestationPrefix?: string
}

/** How an image leaves. */
export interface ImageForm extends Pick<PackOptions, 'compression' | 'level' | 'force' | 'mediaTypes'> {
  /** With SOURCE_DATE_EPOCH: as `BuildOptions.reproducible`, so that no time in its new layers is later. */
  readonly rewriteTimestamp?: boolean
  /** What is said of one platform's image counts more than what is said of all. */
  readonly annotations?: readonly Annotation[]
  /** Names besides the build's tags. */
  readonly names?: readonly string[]
}

/** An annotation of an image that is put out. */
export interface Annotation {
  /**
   * Where it stands: in the manifest; in the index, where there is one; or in the descriptor that names one of these: of a manifest in the
   * index, else, as that of the index, in the archive's or layout's `index.json`.
   */
  readonly place: 'manifest' | 'manifest-descriptor' | 'index' | 'index-descriptor'
  /** The platform of the image that it is of alone: `linux/arm64`. */
  readonly platform?: string
  readonly key: string
  readonly value: string
}
