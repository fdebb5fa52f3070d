/** The first of the names that are nearest to `name`, at two changed letters at most (BuildKit's util/suggest). */
export function likeliest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = 3
  let looked = 0
  for (const candidate of names) {
    // Hostile files have many names, and long ones.
    if (++looked > 500 || name.length > 200) return best
    if (candidate === name) return undefined
    if (Math.abs(candidate.length - name.length) >= least) continue
    const found = distance(name, candidate)
    if (found >= least) continue
    best = candidate
    least = found
  }
  return best
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, change))
    }
    previous = row
  }
  return previous[b.length]!
}
