import type { SourceRange } from '../../lib/mod.ts'
import type { ImageConfig, Platform } from '../../oci/mod.ts'
import type { Workspace } from '../execution.ts'
import type { Vertex } from '../graph.ts'
import type { LocalSource } from '../operations/copy.ts'

/** What a base or a named context turns out to be. */
export type Base =
  | { readonly kind: 'image'; readonly config: ImageConfig; readonly vertex: (id: string, name: string) => Vertex }
  | { readonly kind: 'directory'; readonly source: LocalSource }

/** Finds what a Dockerfile names and is not in it. */
export interface Sources {
  /** The context of the build. */
  readonly context: LocalSource
  /** Where what has to be fetched comes to lie. */
  readonly workspace: Workspace
  /** Whether a named context has that name, for the platform. */
  isContext(name: string, platform: Platform): boolean
  /** An image for the platform, or a named context. */
  base(name: string, range: SourceRange | undefined, platform: Platform): Promise<Base>
}
