import { Html, html } from './html.ts'

/** More of a README is not shown. */
const maxLength = 64 * 1024
const maxDepth = 6

/**
 * A README as HTML. A safe part of Markdown: headings, paragraphs, lists, quotes, tables, code, emphasis and links to the web.
 * Markup of HTML is text here, and an image is a link to it: a page loads nothing from elsewhere.
 */
export function markdown(text: string): Html {
  return blocks(text.slice(0, maxLength).replace(/\r\n?/g, '\n').replaceAll('\t', '    ').split('\n'), 0)
}

const fence = /^ {0,3}(`{3,}|~{3,})/
const heading = /^ {0,3}(#{1,6}) +(.*?)(?: +#+)? *$/
const rule = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/
const item = /^( *)(?:[-*+]|(\d{1,9})[.)]) +(.*)$/
const quote = /^ {0,3}> ?(.*)$/
const delimiterRow = /^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?$/

function blocks(lines: readonly string[], depth: number): Html {
  const out: Html[] = []
  let paragraph: string[] = []
  const flush = () => {
    if (paragraph.length > 0) out.push(html`<p>${inline(paragraph.join('\n'))}</p>`)
    paragraph = []
  }
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!
    const taken = depth < maxDepth ? block(lines, i, depth) : undefined
    if (taken && !(paragraph.length > 0 && taken.lazy)) {
      flush()
      out.push(taken.html)
      i = taken.next
      continue
    }
    if (line.trim() === '') flush()
    else paragraph.push(line.trimStart())
    i++
  }
  flush()
  return new Html(out.map(({ text }) => text).join('\n'))
}

interface Block {
  readonly html: Html
  /** The line after it. */
  readonly next: number
  /** It does not end a paragraph. */
  readonly lazy?: boolean
}

function block(lines: readonly string[], start: number, depth: number): Block | undefined {
  const line = lines[start]!
  const [, marks] = fence.exec(line) ?? []
  if (marks) return fenced(lines, start, marks)
  const [, level, title] = heading.exec(line) ?? []
  if (level) return { html: new Html(tag(`h${Math.min(level.length + 1, 6)}`, inline(title!))), next: start + 1 }
  if (rule.test(line)) return { html: html`<hr>`, next: start + 1 }
  if (quote.test(line)) {
    let end = start
    const inner: string[] = []
    for (; end < lines.length; end++) {
      const [, text] = quote.exec(lines[end]!) ?? []
      if (text === undefined) break
      inner.push(text)
    }
    return { html: html`<blockquote>${blocks(inner, depth + 1)}</blockquote>`, next: end }
  }
  if (item.test(line)) return list(lines, start, depth)
  if (line.includes('|') && delimiterRow.test(lines[start + 1] ?? '')) return table(lines, start)
  if (/^ {4}\S/.test(line)) {
    let end = start
    while (end < lines.length && /^( {4}| *$)/.test(lines[end]!)) end++
    const code = lines.slice(start, end).map((text) => text.slice(4))
    return { html: html`<pre><code>${code.join('\n').trimEnd()}</code></pre>`, next: end, lazy: true }
  }
  return undefined
}

function fenced(lines: readonly string[], start: number, marks: string): Block {
  let end = start + 1
  while (end < lines.length && !lines[end]!.trimStart().startsWith(marks)) end++
  return { html: html`<pre><code>${lines.slice(start + 1, end).join('\n')}</code></pre>`, next: end + 1 }
}

function list(lines: readonly string[], start: number, depth: number): Block {
  const [, , number] = item.exec(lines[start]!)!
  const items: string[][] = []
  let end = start
  let indent = 0
  for (; end < lines.length; end++) {
    const line = lines[end]!
    const [, blanks = '', counted, text] = item.exec(line) ?? []
    const own = text !== undefined && (items.length === 0 || blanks.length < indent)
    if (own) {
      if (items.length > 0 && (counted === undefined) !== (number === undefined)) break
      indent = line.length - text.length
      items.push([text])
    } else if (line.trim() === '') {
      const next = lines[end + 1] ?? ''
      if (!item.test(next) && !next.startsWith('  ')) break
      items.at(-1)!.push('')
    } else if (line.startsWith(' '.repeat(Math.min(indent, 2)))) {
      items.at(-1)!.push(line.slice(Math.min(indent, line.length - line.trimStart().length)))
    } else if (lines[end - 1]!.trim() === '' || block(lines, end, maxDepth)) break
    else items.at(-1)!.push(line)
  }
  const printed = items.map((inner) => {
    const tight = inner.length === 1 || inner.every((text) => text.trim() !== '' && !item.test(text))
    return html`<li>${tight ? inline(inner.join('\n')) : blocks(inner, depth + 1)}</li>`
  })
  return { html: number === undefined ? html`<ul>${printed}</ul>` : html`<ol>${printed}</ol>`, next: end }
}

function table(lines: readonly string[], start: number): Block {
  const cells = (line: string) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim())
  let end = start + 2
  while (end < lines.length && lines[end]!.includes('|')) end++
  const head = cells(lines[start]!)
  const rows = lines.slice(start + 2, end).map((line) => cells(line).slice(0, head.length))
  return {
    html: html`<div class="scroll"><table><thead><tr>${head.map((cell) => html`<th>${inline(cell)}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${inline(cell)}</td>`)}</tr>`)}</tbody></table></div>`,
    next: end,
  }
}

function tag(name: string, inner: Html): string {
  return `<${name}>${inner.text}</${name}>`
}

const emphasis = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'del'],
  ['*', 'em'],
  ['_', 'em'],
] as const

/** What stands within a block. Each character is looked at once a level, and a mark without its other half is searched for once. */
function inline(text: string, depth = 0): Html {
  const out: Html[] = []
  const found = new Map<string, number>()
  let plain = ''
  const find = (mark: string, from: number) => {
    const before = found.get(mark)
    if (before !== undefined && (before < 0 || before >= from)) return before
    const at = text.indexOf(mark, from)
    found.set(mark, at)
    return at
  }
  const push = (part: Html) => {
    out.push(html`${plain}`, part)
    plain = ''
  }
  const word = (at: number) => /\w/.test(text[at] ?? '')
  let i = 0
  scan: while (i < text.length) {
    const rest = text[i]!
    if (rest === '\\' && /[!-/:-@[-`{-~]/.test(text[i + 1] ?? '')) {
      plain += text[i + 1]
      i += 2
      continue
    }
    if (rest === '`') {
      let ticks = '`'
      while (text[i + ticks.length] === '`' && ticks.length < 8) ticks += '`'
      const end = find(ticks, i + ticks.length)
      if (end >= 0) {
        push(html`<code>${text.slice(i + ticks.length, end).trim()}</code>`)
        i = end + ticks.length
        continue
      }
      plain += ticks
      i += ticks.length
      continue
    }
    const image = rest === '!' && text[i + 1] === '['
    if ((rest === '[' || image) && depth < maxDepth) {
      const open = image ? i + 1 : i
      const middle = find('](', open)
      const end = middle < 0 ? -1 : find(')', middle)
      const url = end < 0 ? undefined : webUrl(text.slice(middle + 2, end).split(' ', 1)[0]!)
      if (middle - open < 500 && url !== undefined) {
        push(link(url, inline(text.slice(open + 1, middle), depth + 1)))
        i = end + 1
        continue
      }
    }
    const ahead = rest === '<' || (rest === 'h' && !word(i - 1)) ? text.slice(i, i + 2010) : ''
    const [angled, inside] = /^<(https?:\/\/[^\s<>]{1,2000})>/.exec(ahead) ?? []
    const shown = inside ?? /^https?:\/\/[^\s<>()"'`*]{1,2000}/.exec(ahead)?.[0].replace(/[.,;:!?]+$/, '')
    const url = webUrl(shown ?? '')
    if (shown !== undefined && url !== undefined) {
      push(link(url, html`${shown}`))
      i += (angled ?? shown).length
      continue
    }
    for (const [mark, name] of emphasis) {
      if (!text.startsWith(mark, i) || depth >= maxDepth) continue
      // A mark within a word (`snake_case`) or before a blank is none.
      if (/\s/.test(text[i + mark.length] ?? ' ') || (mark.startsWith('_') && word(i - 1))) continue
      const end = find(mark, i + mark.length + 1)
      if (end < 0 || /\s/.test(text[end - 1]!) || (mark.startsWith('_') && word(end + mark.length))) continue
      push(new Html(tag(name, inline(text.slice(i + mark.length, end), depth + 1))))
      i = end + mark.length
      continue scan
    }
    plain += rest
    i++
  }
  out.push(html`${plain}`)
  return new Html(out.map((part) => part.text).join(''))
}

function link(url: string, inner: Html): Html {
  return html`<a href="${url}" rel="nofollow noopener noreferrer">${inner}</a>`
}

/** The address as a browser will read it, if it is one of the web or of mail. */
function webUrl(text: string): string | undefined {
  if (text.startsWith('#')) return undefined
  const url = URL.parse(text)
  return url && /^(https?|mailto):$/.test(url.protocol) ? url.href : undefined
}
