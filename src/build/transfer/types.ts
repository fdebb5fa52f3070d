import type { PackOptions } from '../../registry/mod.ts'

/** Where the cache of other builds is looked into. */
export type CacheSource =
  /** What was exported to a registry, or an image that has its cache in its configuration (`inline`). */
  | { readonly kind: 'registry'; readonly ref: string }
  /** An OCI layout: the manifest of that digest, or else of that tag (`latest`). */
  | { readonly kind: 'local'; readonly src: string; readonly tag?: string; readonly digest?: string }

/** Where a build's cache goes. */
export type CacheTarget =
  | ({ readonly kind: 'registry'; readonly ref: string } & CacheForm)
  /** An OCI layout; what has the tag (`latest`) there loses it. */
  | ({ readonly kind: 'local'; readonly dest: string; readonly tag?: string } & CacheForm)
  /** The configuration of the image that is built: the steps of which it has the layers. */
  | { readonly kind: 'inline' }

export interface CacheForm extends Pick<PackOptions, 'compression' | 'level' | 'force' | 'mediaTypes'> {
  /** `min` (the default): the steps whose layers the image has. `max`: all steps, those of other stages too. */
  readonly mode?: 'min' | 'max'
  /** What the cache looks like to registries: an image (the default), or an index. */
  readonly manifest?: 'image' | 'index'
  /** An export that fails is a warning. */
  readonly ignoreError?: boolean
}
