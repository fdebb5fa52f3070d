import { Lexer } from './lexer.ts'
import type { LineReader } from './lines.ts'
import { type Line, parseError } from './source.ts'
import type { Command, Heredoc } from './types.ts'

const pattern = /^(\d*)<<(-?)\s*([^<]*)$/

type Head = Omit<Heredoc, 'content' | 'raw'>

/** Reads a word as the beginning of a here-document: `<<EOF`, `3<<-"EOF"`. Undefined when it is none. */
export function heredocHead(word: string): Head | undefined {
  if (!word.includes('<<')) return undefined
  const [, fd = '', dash, rest = ''] = pattern.exec(word) ?? []
  if (rest === '') return undefined
  const words = new Lexer(rest, { unset: 'keep' }).words()
  const quoted = new Lexer(rest, { unset: 'keep', quotes: 'keep' }).words()
  const [name] = words
  if (name === undefined || words.length !== 1 || quoted.length !== 1) return undefined
  return { name, expand: quotes(name) === quotes(quoted[0]!), chomp: dash === '-', fd: Number(fd) }
}

const quotes = (word: string) => word.split(/['"]/).length

/** The here-documents that an instruction begins, in order. */
function heredocHeads(line: Line): Head[] {
  if (!line.text.includes('<<')) return []
  const words = new Lexer(line.text, { unset: 'keep', quotes: 'keep', escapes: 'keep' }).tryWords() ?? []
  return words.map(heredocHead).filter((head) => head !== undefined)
}

/** Reads the here-documents that `line` begins from the lines after it. `end` is where the last of them ends. */
export function readHeredocs(line: Line, reader: LineReader): { heredocs: Heredoc[]; end: number | undefined } {
  const heredocs: Heredoc[] = []
  let end: number | undefined
  const { text } = reader.source
  for (const head of heredocHeads(line)) {
    const start = reader.offset
    let raw: string | undefined
    for (let physical = reader.next(); physical; physical = reader.next()) {
      let from = physical.start
      while (head.chomp && text[from] === '\t') from++
      if (text.slice(from, physical.end) !== head.name) continue
      raw = text.slice(start, physical.start)
      end = physical.end
      break
    }
    if (raw === undefined) {
      const at = Math.max(0, line.text.indexOf('<<'))
      const where = line.range(at, Math.max(at + 2, line.text.length))
      throw parseError('unterminated heredoc', where, `End it with a line that is ${head.name} and nothing else.`)
    }
    heredocs.push({ ...head, raw, content: head.chomp ? raw.replace(/^\t+/gm, '') : raw })
  }
  return { heredocs, end }
}

/**
 * What a shell-form command with here-documents runs (BuildKit's dispatchRun): the only document's own text when the
 * command is nothing but it, as a file to execute when it begins with a shebang; else the line with all documents
 * behind it, for a shell that understands them.
 */
export function commandScript(
  command: Extract<Command, { form: 'shell' }>,
):
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'file'; readonly name: string; readonly content: string } {
  const { line, heredocs } = command
  const [first] = heredocs
  if (!first) return { kind: 'line', line }
  if (heredocHead(line)) {
    const { name, content } = first
    return first.raw.startsWith('#!') ? { kind: 'file', name, content } : { kind: 'line', line: content }
  }
  return { kind: 'line', line: line + heredocs.map(({ raw, name }) => `\n${raw}${name}`).join('') }
}
