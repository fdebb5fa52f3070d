import { StrakeError } from '../../lib/mod.ts'

/** What a server wants to be shown (RFC 9110, 11.3). Names are lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const quoted = /"((?:[^"\\]|\\.)*)"/sy
const blank = /[ \t]*/y
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y

/** Reads a `WWW-Authenticate` header, of several challenges perhaps. Throws `corrupt`. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found) at = pattern.lastIndex
    return found ?? undefined
  }
  const fail = () => new StrakeError('corrupt', `invalid WWW-Authenticate header: ${header.slice(0, 200)}`)
  while (true) {
    take(blank)
    while (header[at] === ',') {
      at++
      take(blank)
    }
    if (at === header.length) return challenges
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) throw fail()
    const spaced = take(blank)![0] !== ''
    if (header[at] !== '=') {
      challenges.push({ scheme: name, parameters: new Map() })
      // A challenge of one opaque word: `Negotiate YII=`.
      if (spaced && take(token68) === undefined && at < header.length && header[at] !== ',') {
        token.lastIndex = at
        if (!token.test(header)) throw fail()
      }
      continue
    }
    at++
    take(blank)
    const text = take(quoted)?.[1]?.replace(/\\(.)/gs, '$1') ?? take(token)?.[0]
    const parameters = challenges.at(-1)?.parameters
    // A parameter that is there twice could mean one thing here and another one elsewhere.
    if (text === undefined || !parameters || parameters.has(name)) throw fail()
    parameters.set(name, text)
    take(blank)
    if (at < header.length && header[at] !== ',') throw fail()
  }
}

/** `Bearer realm="…",service="…"`. */
export function printChallenge(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const printed = Object.entries(parameters).map(([name, text]) => `${name}="${text.replace(/["\\]/g, '\\$&')}"`)
  return `${scheme} ${printed.join(',')}`
}

/** What a token allows: `repository:alice/app:pull,push`. */
export interface Scope {
  /** `repository`, `registry`. */
  readonly type: string
  readonly name: string
  /** `pull`, `push`, `delete`, `*`; in no order. */
  readonly actions: readonly string[]
}

/** Reads one scope. Undefined for what is none. A name may have colons: that of another registry's repository. */
export function parseScope(text: string): Scope | undefined {
  const [, type, name, actions] = /^([a-z0-9]+(?:\([a-z0-9]+\))?):([^\s]+):([a-z*,]*)$/.exec(text) ?? []
  if (type === undefined || name === undefined || actions === undefined) return undefined
  return { type, name, actions: [...new Set(actions.split(',').filter((action) => action !== ''))] }
}

export function printScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(',')}`
}
