import type { OperationOptions } from '../lib/mod.ts'
import type { Descriptor, Digest, History, ImageConfig, Manifest, Platform, Reference } from '../oci/mod.ts'
import type { Lease, SnapshotId } from '../store/mod.ts'

export interface Image {
  /** Digest of the configuration: docker's image id. */
  readonly id: Digest
  readonly manifest: Descriptor
  /** `docker.io/library/app:1.0`, in order of names. Empty for a dangling image. */
  readonly names: readonly string[]
  /** `docker.io/library/app@sha256:…`. */
  readonly digests: readonly string[]
  /** The top of its layers, unpacked. Undefined for an image without layers. */
  readonly snapshot: SnapshotId | undefined
  /** Sum of the layers' sizes. */
  readonly size: number
  /** Milliseconds since the epoch; 0 when the configuration does not say. */
  readonly createdAt: number
  readonly architecture: string
  readonly os: string
  /** An index that has a name holds it: it is listed under that name only, and goes with it. */
  readonly isMember: boolean
}

/** An OCI image index that a name stands for: images for several platforms, and what is attached to them. */
export interface ImageIndex {
  readonly manifest: Descriptor
  /** What it names, in its order. */
  readonly members: readonly IndexMember[]
}

export interface IndexMember {
  /** As the index has it, with platform and annotations. */
  readonly descriptor: Descriptor
  /** The image of the store; undefined for one that is not here, and for what is no image: an attestation. */
  readonly image: Image | undefined
}

/** See `Images.create`. */
export interface NewImage {
  readonly config: Omit<ImageConfig, 'rootfs'>
  readonly snapshot: SnapshotId | undefined
  readonly layers?: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** Configuration and manifest of an image, as blobs. */
export interface StoredImage {
  readonly config: Digest
  readonly manifest: Descriptor
  readonly snapshot: SnapshotId | undefined
  /** Blobs of its layers, to keep. */
  readonly blobs: readonly Digest[]
}

/** The images of a store. */
export interface Images {
  /**
   * The image that a person means by a name, a digest, an id or a unique prefix of one.
   * Where a name stands for an index, it is the one for the platform, or without one for this machine.
   * Throws `not_found` (`No such image: x`, with the nearest names as hint; also where it is for another platform) and `invalid`
   * (ambiguous prefix).
   */
  get(nameOrId: string, platform?: Platform): Image
  /** As `get`, but undefined where there is none; one for another platform where there is none for this. */
  find(nameOrId: string, platform?: Platform): Image | undefined
  /** The index that a name stands for; undefined where it is one image alone. */
  index(name: string): ImageIndex | undefined
  list(): Image[]
  config(image: Image): ImageConfig
  manifest(image: Image): Manifest
  /**
   * Writes configuration and manifest of an image whose layers are `snapshot` and all below it, each described, and makes
   * it an image. `rootfs` is filled in. `layers` gives the descriptors where the caller knows better; otherwise the
   * manifest names blobs that are here already, as they came, and else the uncompressed tars, which are made when they are
   * asked for.
   */
  create(image: NewImage, lease: Lease): Image
  /** As `create`, but the lease alone holds what is written, and there is no image before `add`. */
  prepare(image: NewImage, lease: Lease): StoredImage
  /**
   * Makes an image of configuration and manifest blobs that are stored already, as they came. Its snapshot must have
   * the layers that the configuration names: the caller has checked that.
   */
  add(image: StoredImage, lease: Lease): Image
  /**
   * Gives the image another manifest, of the same configuration, and the blobs that it names: its layers as they were
   * packed to leave the machine.
   */
  repack(
    image: Image,
    packed: { readonly manifest: Descriptor; readonly blobs: readonly Digest[] },
    lease: Lease,
  ): Image
  /** Notes that the image is known by this digest somewhere: `docker.io/library/app@sha256:…`. */
  addDigest(image: Image, name: Reference): void
  /** Repositories of a registry in which the blob was seen, as part of some image. */
  repositoriesOf(blob: Digest, registry: string): string[]
  /** Points a name at the image; whatever had the name loses it. */
  tag(image: Image, name: Reference): void
  /**
   * Points a name at an index that is stored. It keeps its members, and as much of the content that it names as is here.
   * The name's image is the one for this machine, or else the first. Throws `invalid` when none of its images is here.
   */
  tagIndex(index: ImageIndex, name: Reference): Image
  /** The other members of the indexes with a name that hold the image. */
  siblings(image: Image): Image[]
  /** Takes a name away. Throws `not_found`. */
  untag(name: Reference): void
  /** Forgets the image and its names. Content goes with the next collection. */
  remove(image: Image): void
  /** The layer's blob, uncompressed, made from its snapshot if need be. */
  layerBlob(snapshot: SnapshotId, lease: Lease): Promise<Descriptor>
}

/** One line of `history`: an instruction and what it added. Newest first. */
export interface HistoryEntry extends History {
  /** The image that ends here, where one is known. */
  readonly id: Digest | undefined
  /** Bytes of files in its layer; 0 for an empty one. */
  readonly size: number
  readonly names: readonly string[]
}

export interface BootstrapOptions extends OperationOptions {
  /** `debian`, `ubuntu`, … */
  readonly distribution: string
  /** `bookworm`, `noble`, … or `stable`. */
  readonly suite: string
  readonly variant?: string
  readonly include?: readonly string[]
  readonly mirror?: string
  readonly tags?: readonly string[]
}
