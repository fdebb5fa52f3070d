import { StrakeError } from '../lib/mod.ts'
import type { Platform } from '../oci/mod.ts'
import type { Engine } from './engine.ts'
import { inspectContainer } from './inspect-container.ts'
import { inspectImage } from './inspect-image.ts'

export interface InspectOptions {
  readonly names: readonly string[]
  /** Look only among these. */
  readonly type?: string | undefined
  /** Of a name that stands for several images, the one for this platform. */
  readonly platform?: Platform | undefined
}

export interface Inspected {
  /** Docker's JSON, one object for each name that was found. */
  readonly objects: readonly object[]
  /** Names that stand for nothing. */
  readonly missing: readonly StrakeError[]
}

/** What there is to look at, in the order in which a name is looked for. Undefined when there is no such thing. */
const kinds: Readonly<
  Record<
    string,
    (engine: Engine, name: string, platform?: Platform) => object | undefined | Promise<object | undefined>
  >
> = {
  container: (engine, name) => inspectContainer(engine, name),
  image: inspectImage,
}

/** Everything that is known of things, as docker tells it. Throws `invalid` for an unknown type. */
export async function inspect(engine: Engine, options: InspectOptions): Promise<Inspected> {
  const { type } = options
  if (type !== undefined && type !== '' && !Object.hasOwn(kinds, type)) {
    const hint = `It is one of ${Object.keys(kinds).join(', ')}.`
    throw new StrakeError('invalid', `${JSON.stringify(type)} is not a valid value for --type`, { hint })
  }
  const finders = type ? [kinds[type]!] : Object.values(kinds)
  const objects: object[] = []
  const missing: StrakeError[] = []
  for (const name of options.names) {
    let found: object | undefined
    for (const find of finders) found ??= await find(engine, name, options.platform)
    if (found) objects.push(found)
    else missing.push(new StrakeError('not_found', `No such ${type || 'object'}: ${name}`))
  }
  return { objects, missing }
}
