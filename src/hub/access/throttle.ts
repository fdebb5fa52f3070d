/** How many failures each may have within the window: one client at one account, one client, one account. */
const limits = { pair: 10, client: 50, user: 200 } as const
const window = 5 * 60 * 1000
const maxEntries = 100_000

interface Bucket {
  count: number
  readonly until: number
}

/** What one client can have: an address, and of IPv6 the network of 64 bits that every line gets (RFC 6177). */
function network(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':')
    while (groups.length + rest.length < 8) groups.push('0')
  }
  return groups.slice(0, 4).join(':')
}

/** Slows down those who guess passwords. */
export class Throttle {
  readonly #buckets = new Map<string, Bucket>()

  /**
   * Notes a try as failed, before it is made: many at once must not slip through.
   *
   * @returns what takes the note back after a success, or the milliseconds to wait
   */
  attempt(address: string, user: string, now = Date.now()): (() => void) | number {
    const client = network(address)
    const keys = [
      [`pair ${client} ${user}`, limits.pair],
      [`client ${client}`, limits.client],
      [`user ${user}`, limits.user],
    ] as const
    const buckets = keys.map(([key]) => this.#bucket(key, now))
    for (const [i, bucket] of buckets.entries()) if (bucket.count >= keys[i]![1]) return bucket.until - now
    for (const bucket of buckets) bucket.count++
    return () => {
      for (const bucket of buckets) bucket.count--
    }
  }

  #bucket(key: string, now: number): Bucket {
    const there = this.#buckets.get(key)
    if (there && there.until > now) return there
    const bucket = { count: 0, until: now + window }
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    // Insertion order is the order of expiry.
    for (const [old, { until }] of this.#buckets) {
      if (until > now && this.#buckets.size <= maxEntries) break
      this.#buckets.delete(old)
    }
    return bucket
  }
}
