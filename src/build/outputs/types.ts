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
}

/** How an image leaves. */
export interface ImageForm extends Pick<PackOptions, 'compression' | 'level' | 'force' | 'mediaTypes' | 'annotations'> {
  /** With SOURCE_DATE_EPOCH: as `BuildOptions.reproducible`, so that no time in its new layers is later. */
  readonly rewriteTimestamp?: boolean
  /** Annotations of the manifest of one platform's image, by platform: `linux/arm64`. */
  readonly platformAnnotations?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Annotations of the index, where several platforms are built. */
  readonly indexAnnotations?: Readonly<Record<string, string>>
  /** Names besides the build's tags. */
  readonly names?: readonly string[]
}
