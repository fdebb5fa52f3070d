import { createHash, hash } from 'node:crypto'
import { StrakeError } from '../lib/mod.ts'

declare const kind: unique symbol
type Tagged<T extends string> = string & { readonly [kind]: T }

/** `sha256:` and 64 hex digits: the hash of stored bytes. */
export type Digest = Tagged<'digest'>
/** `sha256:` and 64 hex digits: the hash of a layer's uncompressed tar. */
export type DiffId = Tagged<'diff'>
/** `sha256:` and 64 hex digits: names a stack of layers (image-spec, config.md, Layer ChainID). */
export type ChainId = Tagged<'chain'>

const pattern = /^sha256:[a-f0-9]{64}$/

/** Checks an untrusted string. Throws `invalid`. */
export function parseDigest(text: string): Digest {
  if (!pattern.test(text)) throw new StrakeError('invalid', `invalid digest ${JSON.stringify(text)}`)
  return text as Digest
}

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && pattern.test(text)
}

export function digestOf(bytes: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest
}

/** The hex digits alone. */
export function hex(digest: Digest | DiffId | ChainId): string {
  return digest.slice(7)
}

/** The stack of `parent` with one more layer on top. */
export function chain(parent: ChainId | undefined, layer: DiffId): ChainId {
  if (!parent) return layer as string as ChainId
  return `sha256:${createHash('sha256').update(`${parent} ${layer}`).digest('hex')}` as ChainId
}

export function chainOf(layers: readonly DiffId[]): ChainId | undefined {
  let id: ChainId | undefined
  for (const layer of layers) id = chain(id, layer)
  return id
}
