import type { Digest } from '../oci/mod.ts'

export type Role = 'owner' | 'writer' | 'reader'
export type Visibility = 'public' | 'private'
/** What a token allows; each includes those before it. */
export type TokenScope = 'read' | 'write' | 'delete'

export interface User {
  readonly name: string
  readonly admin: boolean
  /** What `verifyPassword` understands; never the password. */
  readonly password: string
  readonly createdAt: number
}

/** What stands before the first slash of a repository's name. */
export interface Namespace {
  readonly name: string
  readonly kind: 'user' | 'organisation' | 'mirror'
  /** Bytes that its repositories may take together. */
  readonly quota: number | undefined
  /** Of a mirror: the URL of the registry that it copies from. */
  readonly upstream: string | undefined
  readonly createdAt: number
}

export interface Member {
  readonly user: string
  readonly role: Role
}

export interface Token {
  readonly id: string
  readonly user: string
  /** `login` is what a client keeps instead of a password, `session` what a browser keeps. */
  readonly kind: 'access' | 'login' | 'session'
  readonly name: string
  readonly scope: TokenScope
  /** Patterns of repositories' names (`alice/*`); all where it is undefined. */
  readonly repositories: readonly string[] | undefined
  /** The access token that a login was made with. It ends with it. */
  readonly parent: string | undefined
  readonly createdAt: number
  readonly usedAt: number | undefined
  readonly expiresAt: number | undefined
}

export interface Repository {
  readonly id: number
  readonly name: string
  readonly namespace: string
  readonly visibility: Visibility
  readonly description: string
  /** Markdown. */
  readonly readme: string
  /** Tags can't be moved or deleted once they are there. */
  readonly immutable: boolean
  readonly retention: Retention
  readonly pulls: number
  readonly createdAt: number
}

/** Which tags a repository keeps. A tag goes when no rule that is set keeps it; without rules all stay. */
export interface Retention {
  /** The newest tags, by the time of their last push. */
  readonly newest?: number
  /** Tags that were pushed within that many days. */
  readonly days?: number
  /** Manifests without a tag, and not needed by others, go after that many days. */
  readonly untaggedDays?: number
}

/** Where a blob's bytes are. */
export interface Blob {
  readonly digest: Digest
  readonly size: number
  /** Its name in the blob store. */
  readonly key: string
}

export interface StoredManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly content: Uint8Array
  readonly pushedAt: number
}

export interface Tag {
  readonly name: string
  readonly digest: Digest
  readonly pushedAt: number
  /** When a mirror last asked its upstream. */
  readonly checkedAt: number
}

/** Who looks: what they may see decides what lists have. */
export interface Viewer {
  readonly user: string | undefined
  readonly admin: boolean
  /** Patterns of the names to which what they came with is limited. What is public shows anyway. */
  readonly repositories?: readonly string[] | undefined
}
