import type { Access, HubData } from '../hub.ts'
import type { Visibility } from '../types.ts'
import type { Mirror } from './mirror.ts'
import type { Uploads } from './uploads.ts'

export interface ServiceSettings {
  /** Of repositories that a push makes. */
  readonly visibility: Visibility
  /** Bytes of the largest blob that is taken. */
  readonly maxBlob: number
}

/** All that the protocol's endpoints need. */
export interface Service {
  readonly data: HubData & Access
  readonly uploads: Uploads
  readonly mirror: Mirror
  readonly settings: ServiceSettings
  /** Counts a pull; it is written down now and then. */
  countPull(repository: number): void
}

/** A path below `/v2/`, taken apart. */
export interface Route {
  readonly kind: 'manifest' | 'tags' | 'referrers' | 'blob' | 'begin' | 'upload'
  /** The repository as the client names it: `app`. */
  readonly name: string
  /** Its full name: `library/app`. */
  readonly repository: string
  /** A tag, a digest or an upload's id; not checked. */
  readonly reference: string
}
