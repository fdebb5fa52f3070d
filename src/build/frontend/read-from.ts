import { type Dockerfile, expand, type FromInstruction, variables } from '../../dockerfile/mod.ts'
import { nearest, StrakeError } from '../../lib/mod.ts'
import { type Platform, parsePlatform } from '../../oci/mod.ts'

/** What a FROM says, its variables expanded. */
export interface From {
  readonly name: string
  /** `--platform`. */
  readonly platform: Platform | undefined
}

type Globals = ReadonlyMap<string, string | undefined>

/** The FROM of each stage. Throws `invalid` for an empty name, and for what is no platform. */
export function readFroms(dockerfile: Dockerfile, globals: Globals): From[] {
  return dockerfile.stages.map(({ from }) => ({
    name: readName(dockerfile, from, globals),
    platform: readPlatform(dockerfile, from, globals),
  }))
}

function readName({ escape }: Dockerfile, { image }: FromInstruction, globals: Globals): string {
  const name = expand(image, (variable) => globals.get(variable), escape)
  if (name !== '') return name
  throw new StrakeError('invalid', `base name (${image.text}) should not be blank`, {
    range: image.range,
    hint:
      didYouMean(variables(image, escape), globals) ??
      'Give the variable a default with ARG before the first FROM, or a value with --build-arg.',
  })
}

function readPlatform({ escape }: Dockerfile, { platform: word }: FromInstruction, globals: Globals) {
  if (!word || word.text === '') return undefined
  const { range, text } = word
  const expanded = expand(word, (variable) => globals.get(variable), escape)
  const meant = didYouMean(variables(word, escape), globals)
  if (expanded === '') {
    const hint =
      meant ?? 'Only ARGs before the first FROM count here, and BUILDPLATFORM, TARGETPLATFORM and their like.'
    throw new StrakeError('invalid', `empty platform value from expression ${text}`, { range, hint })
  }
  try {
    return parsePlatform(expanded)
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    const hint = meant ?? error.hint
    throw new StrakeError('invalid', `failed to parse platform ${text}: ${error.message}`, { range, hint })
  }
}

/** Of the first variable that is not there. */
function didYouMean(names: readonly string[], globals: Globals): string | undefined {
  const missing = names.find((name) => globals.get(name) === undefined)
  const meant = missing === undefined ? undefined : nearest(missing, globals.keys())
  return meant && meant !== missing ? `Did you mean ${meant}?` : undefined
}
