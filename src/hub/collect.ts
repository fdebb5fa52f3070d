import type { HubData } from './hub.ts'

export interface Collected {
  /** Tags that the rules of retention removed, as `NAME:TAG`. */
  readonly tags: readonly string[]
  readonly blobs: number
  readonly bytes: number
  /** Uploads that nobody went on with, and bytes that a crash left. */
  readonly leftovers: number
}

/** Milliseconds for which a blob that no manifest needs stays: a push may be about to need it. */
export const defaultGrace = 24 * 60 * 60 * 1000

/**
 * Applies retention and removes what nobody needs any more. The hub may be serving meanwhile, in other processes too: rows
 * go first, in one step, and bytes are removed by names that are never used again.
 */
export async function collect(data: HubData, grace = defaultGrace): Promise<Collected> {
  const now = Date.now()
  await data.accounts.removeExpired(now)
  const tags = await data.contents.prune(now)
  const { keys, bytes } = await data.contents.sweep(now - grace + 1)
  for (const key of keys) await data.blobs.remove(key)
  let leftovers = 0
  // An upload is young while it grows; finished bytes are known within moments. So these take their time whatever the grace is.
  const before = now - Math.max(grace, 60 * 60 * 1000)
  for await (const { upload, writtenAt } of data.blobs.uploads()) {
    if (writtenAt < before && (await data.blobs.abandon(upload))) leftovers++
  }
  const stale: string[] = []
  for await (const key of data.blobs.blobs(before)) stale.push(key)
  for (const key of await data.contents.strayKeys(stale)) {
    await data.blobs.remove(key)
    leftovers++
  }
  return { tags, blobs: keys.length, bytes, leftovers }
}
