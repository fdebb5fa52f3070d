import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'
import { inspectImage } from './inspect-image.ts'

export interface InspectOptions {
  readonly names: readonly string[]
  /** Look only among these. */
  readonly type?: string | undefined
}

export interface Inspected {
  /** Docker's JSON, one object for each name that was found. */
  readonly objects: readonly object[]
  /** Names that stand for nothing. */
  readonly missing: readonly StrakeError[]
}

/** What there is to look at, in the order in which a name is looked for. Undefined when there is no such thing. */
const kinds: Readonly<Record<string, (engine: Engine, name: string) => object | undefined>> = {
  image: inspectImage,
}

/** Everything that is known of things, as docker tells it. Throws `invalid` for an unknown type. */
export function inspect(engine: Engine, options: InspectOptions): Inspected {
  const { type } = options
  if (type !== undefined && type !== '' && !Object.hasOwn(kinds, type)) {
    const hint = `It is one of ${Object.keys(kinds).join(', ')}.`
    throw new StrakeError('invalid', `${JSON.stringify(type)} is not a valid value for --type`, { hint })
  }
  const finders = type ? [kinds[type]!] : Object.values(kinds)
  const objects: object[] = []
  const missing: StrakeError[] = []
  for (const name of options.names) {
    const found = finders.map((find) => find(engine, name)).find((object) => object !== undefined)
    if (found) objects.push(found)
    else missing.push(new StrakeError('not_found', `No such ${type || 'object'}: ${name}`))
  }
  return { objects, missing }
}
