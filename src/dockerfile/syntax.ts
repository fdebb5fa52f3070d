import { LineReader, readDirectives } from './lines.ts'
import { Source } from './source.ts'
import type { Directive } from './types.ts'

/**
 * What a file says of the frontend that understands it, as BuildKit's DetectSyntax: `# syntax=image`, in a file of another
 * language also `// syntax=image` or `{ "syntax": "image" }`, each behind a `#!` line too. Undefined where it says nothing.
 */
export function detectSyntax(text: string | Uint8Array, file: string): Directive | undefined {
  const source = new Source(text, file)
  const start = source.text.startsWith('#!') ? source.text.indexOf('\n') + 1 || source.text.length : 0
  const body = source.text.slice(start)
  const shifted = body.replace(/^[ \t]*\/\//gm, (slashes) => `${' '.repeat(slashes.length - 1)}#`)
  for (const form of [body, shifted]) {
    const { directives } = readDirectives(new LineReader(new Source(form, file)), [])
    const found = directives.find(({ name }) => name === 'syntax')
    if (found) return { ...found, range: moved(found.range, start > 0 ? 1 : 0) }
  }
  const value = jsonSyntax(body)
  return value === undefined ? undefined : { name: 'syntax', value, range: source.range(start, start) }
}

function moved({ file, start, end }: Directive['range'], lines: number): Directive['range'] {
  return { file, start: { ...start, line: start.line + lines }, end: { ...end, line: end.line + lines } }
}

function jsonSyntax(text: string): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown }
    return typeof syntax === 'string' ? syntax : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
