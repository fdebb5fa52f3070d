import { bytes, StrakeError } from '../../lib/mod.ts'
import type { Descriptor, Digest } from '../../oci/mod.ts'
import type { Blob, Repository, StoredManifest, Tag } from '../types.ts'
import type { Swept } from './collect.ts'

/** A manifest that is to be kept: what was read from its bytes, and what it needs. */
export interface NewManifest extends Omit<StoredManifest, 'pushedAt'> {
  readonly blobs: readonly Descriptor[]
  readonly manifests: readonly Descriptor[]
  readonly subject: Digest | undefined
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>>
}

/** Why a manifest was not kept. */
export type ManifestRefusal =
  | { readonly kind: 'missing'; readonly target: Descriptor }
  | { readonly kind: 'size'; readonly target: Descriptor; readonly size: number }
  | { readonly kind: 'immutable' }

export interface PutManifestOptions {
  readonly tag?: string | undefined
  /** What it needs may be missing: a mirror fetches that when somebody asks for it. */
  readonly incomplete?: boolean
}

export interface Page {
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/**
 * What repositories have: blobs (where their bytes are, and who may read them), manifests and tags. Each method is one step,
 * done wholly or not at all, also beside other processes; that is all that a push, a deletion and a collection need of each other.
 */
export interface Contents {
  /** A blob that the repository has. */
  blob(repository: Repository, digest: Digest): Promise<Blob | undefined>
  /**
   * Gives the repository a blob whose bytes were just stored under a new key. Where they are there already, that key is not
   * taken: whoever calls removes its bytes. Throws `denied` beyond the quota.
   *
   * @returns the key that counts
   */
  addBlob(repository: Repository, blob: Blob): Promise<string>
  /** Gives `to` a blob that `from` has. False where it has none. Throws `denied` beyond the quota. */
  mountBlob(from: Repository, to: Repository, digest: Digest): Promise<boolean>
  /** Somebody who may push has asked for it and relies on it: a collection must not take it now. */
  touchBlob(repository: Repository, digest: Digest): Promise<void>
  /** False where it is needed by a manifest. Throws `not_found`. */
  removeBlob(repository: Repository, digest: Digest): Promise<boolean>
  /** Bytes that the namespace's blobs and manifests take. */
  usage(namespace: string): Promise<number>

  /** Names of tags, those that were pushed last first. */
  newestTags(repository: Repository, limit: number): Promise<string[]>
  /** By tag or digest. */
  manifest(repository: Repository, reference: string): Promise<StoredManifest | undefined>
  /** Keeps it, and points the tag at it. Undefined is success. */
  putManifest(
    repository: Repository,
    manifest: NewManifest,
    options: PutManifestOptions,
  ): Promise<ManifestRefusal | undefined>
  /** Whether a manifest of the repository needs it. */
  isTarget(repository: Repository, digest: Digest): Promise<boolean>
  /** Removes it with its tags. Throws `not_found`; `conflict` where an index needs it or a tag is immutable. */
  removeManifest(repository: Repository, digest: Digest): Promise<void>
  /** Throws `not_found`; `conflict` where tags are immutable. */
  removeTag(repository: Repository, tag: string): Promise<void>
  tag(repository: Repository, name: string): Promise<Tag | undefined>
  /** In order of names. */
  tags(repository: Repository, page?: Page): Promise<Tag[]>
  /** A mirror has seen that the tag is still what it was. */
  touchTag(repository: Repository, name: string, at?: number): Promise<void>
  /** Descriptors of the manifests that have that subject. */
  referrers(repository: Repository, subject: Digest): Promise<Descriptor[]>

  /** Applies the rules of retention. Returns the tags that went, as `NAME:TAG`. */
  prune(now: number): Promise<string[]>
  /**
   * Forgets blobs that no manifest needs and that were linked before the time.
   *
   * @returns the keys of blobs that nobody has any more. Their rows are gone: the bytes can be removed.
   */
  sweep(before: number): Promise<Swept>
  /** Those keys of the list that are not in use. */
  strayKeys(keys: readonly string[]): Promise<string[]>
  totals(): Promise<{ readonly repositories: number; readonly blobs: number; readonly bytes: number }>
}

/** What somebody is told whose namespace has no room for what they push. */
export function quotaError(namespace: string, quota: number): StrakeError {
  return new StrakeError('denied', `the quota of "${namespace}" is used up: ${bytes(quota)}`, {
    hint: 'Delete tags that nobody needs, or ask an administrator of the hub for more.',
  })
}
