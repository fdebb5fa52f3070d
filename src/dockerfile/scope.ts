/** So many scopes stand on each other before one is made that holds everything: a lookup asks each of them. */
const mostBelow = 128

/** Variables in the order in which they were set last. A stage's stands on that of the stage it is based on, unchanged. */
export class Scope {
  readonly #own = new Map<string, string>()
  readonly #below: Scope | undefined
  readonly #depth: number

  constructor(below?: Scope, values: Iterable<readonly [string, string]> = []) {
    const high = below && below.#depth >= mostBelow
    this.#below = high ? undefined : below
    this.#depth = this.#below ? this.#below.#depth + 1 : 0
    if (high) for (const scope of below.#stack()) for (const [name, value] of scope.#own) this.set(name, value)
    for (const [name, value] of values) this.set(name, value)
  }

  get(name: string): string | undefined {
    return this.#own.get(name) ?? this.#below?.get(name)
  }

  set(name: string, value: string): void {
    this.#own.delete(name)
    this.#own.set(name, value)
  }

  /** Each name once, the one that was set last at the end. */
  names(): Iterable<string> {
    if (!this.#below) return this.#own.keys()
    const names = new Set<string>()
    for (const scope of this.#stack()) {
      for (const name of scope.#own.keys()) {
        names.delete(name)
        names.add(name)
      }
    }
    return names
  }

  /** The scopes that this one is made of, the lowest first. */
  #stack(): Scope[] {
    const scopes: Scope[] = []
    for (let scope: Scope | undefined = this; scope; scope = scope.#below) scopes.unshift(scope)
    return scopes
  }
}
