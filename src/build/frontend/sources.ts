import type { SourceRange } from '../../lib/mod.ts'
import type { ImageConfig } from '../../oci/mod.ts'
import type { Vertex } from '../graph.ts'
import type { LocalSource } from '../operations/copy.ts'
import type { Download } from '../operations/download.ts'

/** What a base or a named context turns out to be. */
export type Base =
  | { readonly kind: 'image'; readonly config: ImageConfig; readonly vertex: (id: string, name: string) => Vertex }
  | { readonly kind: 'directory'; readonly source: LocalSource }

/** Finds what a Dockerfile names and is not in it. */
export interface Sources {
  /** The context of the build. */
  readonly context: LocalSource
  readonly download: Download
  /** An image, or a named context. */
  base(name: string, range: SourceRange | undefined): Promise<Base>
}
