import type { ByteString } from '../../lib/mod.ts'

/** A piece of software that is installed, as its package manager knows it. */
export interface Package {
  readonly kind: 'deb' | 'apk' | 'rpm' | 'npm' | 'pypi'
  readonly name: string
  readonly version: string
  readonly architecture?: string | undefined
  /** The source package that it was built from, where that has another name: `upstream` of the package URL. */
  readonly upstream?: string | undefined
  readonly epoch?: string | undefined
  /** The license as its author words it; see `licenses.ts`. */
  readonly license?: string | undefined
  readonly homepage?: string | undefined
  readonly summary?: string | undefined
  /** Who made or packed it: a name, with an address in angle brackets where there is one. */
  readonly maintainer?: string | undefined
}

/** A file that says which packages there are. */
export interface Evidence {
  /** Relative to the root. */
  readonly path: ByteString
  readonly sha1: string
  readonly sha256: string
  /** The layer that it is in: `sha256:…` of its tar; undefined for what is no image. */
  readonly layer: string | undefined
}

export interface FoundPackage extends Package {
  /** What says so, in order of paths. */
  readonly evidence: readonly Evidence[]
}

/** `ID` and `VERSION_ID` of os-release(5). */
export interface Distribution {
  readonly id: string
  readonly version: string | undefined
}

/** What was found in a root file system. */
export interface Inventory {
  readonly distribution: Distribution | undefined
  /** In order of kind, name, version. */
  readonly packages: readonly FoundPackage[]
  /** All that was read, in order of paths. */
  readonly evidence: readonly Evidence[]
  /** Databases that are there and could not be read: the SBOM lacks what they know. */
  readonly unreadable: readonly { readonly path: ByteString; readonly why: string }[]
}
