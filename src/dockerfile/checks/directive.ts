import { parseError } from '../source.ts'
import type { Dockerfile, SourceRange } from '../types.ts'

/** What `# check=…` asks for (BuildKit's linter.ParseLintOptions). */
export interface CheckDirective {
  readonly skip: 'all' | readonly string[]
  readonly experimental: 'all' | readonly string[]
  /** Warnings fail the build. */
  readonly error: boolean
}

/**
 * Reads the directive, or `BUILDKIT_DOCKERFILE_CHECK` of the build arguments, which stands in for it.
 * Throws `invalid` in docker's words.
 */
export function readDirective(
  { directives }: Dockerfile,
  buildArgs: Readonly<Record<string, string>> = {},
): CheckDirective {
  const directive = directives.find(({ name }) => name === 'check')
  const text = buildArgs.BUILDKIT_DOCKERFILE_CHECK ?? directive?.value ?? ''
  const result: { -readonly [K in keyof CheckDirective]: CheckDirective[K] } = {
    skip: [],
    experimental: [],
    error: false,
  }
  if (text.trim() === '') return result
  const range = directive?.range
  for (const part of text.trim().split(';')) {
    const equals = part.indexOf('=')
    const name = (equals < 0 ? part : part.slice(0, equals)).trim()
    const value = part.slice(equals + 1).trim()
    if (equals < 0) throw invalid(`invalid check option ${JSON.stringify(part)}`, range)
    if (name === 'skip' || name === 'experimental') {
      result[name] = value === 'all' ? 'all' : value.split(',').map((rule) => rule.trim())
    } else if (name === 'error') {
      result.error = boolean(value) ?? fail(`failed to parse check option ${JSON.stringify(part)}`, range)
    } else throw invalid(`invalid check option ${JSON.stringify(name)}`, range)
  }
  return result
}

/** As Go's strconv.ParseBool. */
function boolean(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
  return undefined
}

const hint = 'Write # check=skip=RULE,RULE;error=true'
const nowhere = { file: '--build-arg', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }

function invalid(message: string, range: SourceRange = nowhere) {
  return parseError(`failed to parse check options: ${message}`, range, hint)
}

function fail(message: string, range: SourceRange | undefined): never {
  throw invalid(message, range)
}
