/**
 * Reads the YAML that device descriptions are written in: block mappings and sequences, plain and quoted scalars, flow collections
 * that are JSON. Anchors, tags and block scalars are none of it. Throws `SyntaxError`.
 */
export function parseYaml(text: string): unknown {
  const lines: Line[] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = withoutComment(raw).trimEnd()
    if (content.trim() === '' || content === '---' || content === '...') continue
    const indent = content.length - content.trimStart().length
    if (content.slice(0, indent).includes('\t')) throw new SyntaxError(`line ${index + 1}: a tab in the indentation`)
    lines.push({ number: index + 1, indent, text: content.slice(indent) })
  }
  const reader = { lines, at: 0 }
  const value = lines.length > 0 ? readBlock(reader, lines[0]!.indent) : null
  if (reader.at < lines.length) throw fail(lines[reader.at]!, 'unexpected indentation')
  return value
}

interface Line {
  readonly number: number
  readonly indent: number
  readonly text: string
}

interface Reader {
  readonly lines: Line[]
  at: number
}

const deepest = 64

function readBlock(reader: Reader, indent: number, depth = 0): unknown {
  const line = reader.lines[reader.at]!
  if (depth > deepest) throw fail(line, 'too deep')
  if (isItem(line.text)) return readSequence(reader, indent, depth)
  if (keyOf(line.text)) return readMapping(reader, indent, depth)
  reader.at++
  return readScalar(line.text, line)
}

function readSequence(reader: Reader, indent: number, depth: number): unknown[] {
  const items: unknown[] = []
  for (;;) {
    const line = reader.lines[reader.at]
    if (line?.indent !== indent || !isItem(line.text)) return items
    const rest = line.text.slice(1).trimStart()
    if (rest === '') {
      reader.at++
      items.push(readNested(reader, indent, depth))
      continue
    }
    // What follows the dash stands as if it were on a line of its own.
    const inner = indent + line.text.length - rest.length
    reader.lines[reader.at] = { ...line, indent: inner, text: rest }
    items.push(readBlock(reader, inner, depth + 1))
  }
}

function readMapping(reader: Reader, indent: number, depth: number): Record<string, unknown> {
  const mapping: Record<string, unknown> = Object.create(null)
  for (;;) {
    const line = reader.lines[reader.at]
    if (line?.indent !== indent || isItem(line.text)) return mapping
    const found = keyOf(line.text)
    if (!found) throw fail(line, 'a key is expected')
    reader.at++
    const key = String(readScalar(found.key, line))
    if (found.rest !== '') mapping[key] = readScalar(found.rest, line)
    else {
      const next = reader.lines[reader.at]
      // A sequence may stand as far left as its key.
      const beside = next?.indent === indent && isItem(next.text)
      mapping[key] = beside ? readSequence(reader, indent, depth + 1) : readNested(reader, indent, depth)
    }
  }
}

function readNested(reader: Reader, indent: number, depth: number): unknown {
  const next = reader.lines[reader.at]
  return next && next.indent > indent ? readBlock(reader, next.indent, depth + 1) : null
}

const isItem = (text: string) => text === '-' || text.startsWith('- ')

function keyOf(text: string): { key: string; rest: string } | undefined {
  const match =
    /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'[\]{},&*#?|>!%@`-][^:#]*?|-[^\s:][^:]*?)\s*:(?:\s+(.*))?$/.exec(text)
  return match ? { key: match[1]!, rest: match[2] ?? '' } : undefined
}

function readScalar(text: string, line: Line): unknown {
  if (/^["[{]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      throw fail(line, `${text} can't be read`)
    }
  }
  if (text.startsWith("'")) {
    if (!/^'(?:[^']|'')*'$/.test(text)) throw fail(line, `${text} has no closing quote`)
    return text.slice(1, -1).replaceAll("''", "'")
  }
  if (/^[&*!|>%@`]/.test(text)) throw fail(line, `${text} is YAML that device descriptions do not use`)
  if (/^(null|Null|NULL|~)$/.test(text)) return null
  if (/^(true|True|TRUE)$/.test(text)) return true
  if (/^(false|False|FALSE)$/.test(text)) return false
  if (/^0o[0-7]+$/.test(text)) return Number.parseInt(text.slice(2), 8)
  return /^[+-]?(\d+|0x[0-9a-fA-F]+|\d+\.\d+)$/.test(text) ? Number(text) : text
}

/** A `#` begins a comment where a blank, or nothing, stands before it, outside quotes. */
function withoutComment(line: string): string {
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!
    if (quote === '"' && char === '\\') i++
    else if (quote) quote = char === quote ? '' : quote
    else if ((char === '"' || char === "'") && /^$|[\s:,[{-]$/.test(line.slice(Math.max(0, i - 1), i))) quote = char
    else if (char === '#' && (i === 0 || /\s/.test(line[i - 1]!))) return line.slice(0, i)
  }
  return line
}

function fail({ number }: Line, why: string): SyntaxError {
  return new SyntaxError(`line ${number}: ${why}`)
}
