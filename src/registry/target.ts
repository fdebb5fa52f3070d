import { createHash } from 'node:crypto'
import { StrakeError } from '../lib/mod.ts'
import type { Descriptor } from '../oci/mod.ts'

/**
 * Gives a blob's bytes from that position on, in chunks that are valid until the next one is asked for. It may be called
 * again when a transfer breaks.
 */
export type Content = (from: number) => AsyncIterable<Uint8Array>

/** How a blob got to where it was pushed. */
export type Pushed = { readonly kind: 'pushed' | 'present' } | { readonly kind: 'mounted'; readonly from: string }

/** Blobs and manifests, by digest. */
export interface Blobs {
  /** As people know it: `docker.io/library/app`, `oci:folder`. */
  readonly name: string
  exists(descriptor: Descriptor): Promise<boolean>
  /**
   * Bytes of a blob or a manifest from a position on, at most as many as its descriptor says, and not checked against its
   * digest: `push` and `readContent` do that. Throws `not_found`, `corrupt`, `unavailable`.
   */
  fetch(descriptor: Descriptor, from?: number): AsyncIterable<Uint8Array>
  /**
   * Takes a blob or a manifest. Nothing is there under its digest before all of it is, and has that digest: `corrupt`
   * otherwise. What a manifest names must be there before it.
   */
  push(descriptor: Descriptor, content: Content): Promise<Pushed>
}

/**
 * A place that holds images: a repository of a registry, an OCI layout, a directory. Whatever moves images moves them from
 * one of these to another (`copy`), or to and from the store, which packs and unpacks them (`takeImage`, `packImage`).
 */
export interface Target extends Blobs {
  /** The manifest that a tag or a digest names. Throws `not_found`. */
  resolve(reference: string): Promise<Descriptor>
  /** Gives a manifest that is here a name. Where descriptors are kept, that has its annotations. */
  tag(manifest: Descriptor, reference: string): Promise<void>
}

/** Most bytes of a configuration, or of another document that is read as a whole. */
export const maxDocument = 8 * 1024 * 1024

/** The whole of a small blob or manifest. Throws `corrupt` when it is not what its descriptor says. */
export async function readContent(source: Pick<Blobs, 'fetch' | 'name'>, descriptor: Descriptor): Promise<Buffer> {
  const { digest, size } = descriptor
  if (size > maxDocument) {
    throw new StrakeError('corrupt', `${source.name}: ${digest} is said to have ${size} bytes, too many for a document`)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of source.fetch(descriptor)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  verify(source.name, descriptor, {
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: bytes.length,
  })
  return bytes
}

/** Throws `corrupt` when what came is not what was to come. */
export function verify(
  from: string,
  wanted: Descriptor,
  found: { readonly digest: string; readonly size: number },
): void {
  if (found.size !== wanted.size) {
    throw new StrakeError('corrupt', `${from}: ${wanted.digest} has ${found.size} bytes instead of ${wanted.size}`)
  }
  if (found.digest !== wanted.digest) {
    throw new StrakeError(
      'corrupt',
      `${from}: the content that came for ${wanted.digest} has the digest ${found.digest}`,
    )
  }
}
