/**
 * The candidate that a person most likely meant when they wrote `word`, for "did you mean": the one with the fewest
 * letters added, left out, changed or swapped with their neighbour. Case does not count.
 *
 * @returns undefined when none is near enough to be worth a guess: a third of the letters, three at most
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const limit = Math.min(3, Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3)), bestDistance - 1)
    if (Math.abs(word.length - candidate.length) > limit) continue
    const found = distance(wanted, candidate.toLowerCase())
    if (found > limit || found === Math.max(word.length, candidate.length)) continue
    best = candidate
    bestDistance = found
  }
  return best
}

/** Optimal string alignment: Levenshtein's distance with swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}
