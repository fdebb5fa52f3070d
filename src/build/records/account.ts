import type { CacheMiss, ValueChange } from '../../lib/mod.ts'
import { digestOf } from '../../oci/mod.ts'

/**
 * What an operation was told, by the name under which a person knows it: `ARG VERSION`, `user`, `--chown`. Together with
 * what is read from outside it is all that the operation's digest is made of, so that a difference can be named.
 */
export type Facts = Readonly<Record<string, string>>

/** What is kept of a step that was done, beside its keys. */
export interface Account {
  readonly facts: Facts
  /** As shown: `[builder 2/4] RUN make`. */
  readonly name: string
  /** The image that it stands on directly. */
  readonly base?: { readonly name: string; readonly digest: string } | undefined
}

const longest = 200

/** A value as it is kept: a long one by its beginning and its digest, so that a difference at its end shows. */
export function factOf(value: string): string {
  return value.length <= longest ? value : `${value.slice(0, longest - 20)}… (${digestOf(value).slice(7, 19)})`
}

/** For what has no form that a person could compare: bytes, lists of files. */
export function opaqueFact(value: string | Uint8Array): string {
  return digestOf(value)
}

/** What is different, as a miss; undefined where nothing is. */
export function compareFacts(before: Facts, after: Facts): CacheMiss | undefined {
  const changes: ValueChange[] = []
  for (const what of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const [old, now] = [before[what], after[what]]
    if (old === now) continue
    const opaque = /^sha256:[0-9a-f]{64}$/.test(now ?? old ?? '')
    changes.push({
      what,
      ...(!opaque && old !== undefined && { before: old }),
      ...(!opaque && now !== undefined && { after: now }),
    })
  }
  return changes.length ? { kind: 'values', changes } : undefined
}
