import { StrakeError } from './error.ts'

/** Where a node stands in the template: an offset into its text. */
interface Placed {
  readonly at: number
}

export type Expression = Placed &
  (
    | { readonly kind: 'dot' }
    | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'function'; readonly name: string }
    | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
    | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Expression[] }
    | { readonly kind: 'pipe'; readonly stages: readonly Expression[] }
  )

export interface Pipeline extends Placed {
  readonly expression: Expression
  /** Variables that take the value; two of them only in `range`. */
  readonly variables: readonly string[]
  readonly declares: boolean
}

export type Node = Placed &
  (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'output'; readonly pipeline: Pipeline }
    | {
        readonly kind: 'if' | 'with' | 'range'
        readonly pipeline: Pipeline
        readonly body: readonly Node[]
        readonly otherwise: readonly Node[]
      }
    | { readonly kind: 'break' | 'continue' }
  )

/** The error for a place in a template: lines and columns count from 1. */
export function templateError(text: string, at: number, message: string, hint?: string): StrakeError {
  const before = text.slice(0, at).split('\n')
  const place = `${before.length}:${(before.at(-1) ?? '').length + 1}`
  return new StrakeError('invalid', `template parsing error: template: :${place}: ${message}`, { hint })
}

interface Token extends Placed {
  readonly kind: 'word' | 'field' | 'variable' | 'string' | 'number' | 'symbol' | 'space' | 'end'
  readonly text: string
}

const tokens =
  /(?<space>\s+)|(?<field>\.[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)|(?<variable>\$[\w\x80-\uffff]*)|(?<number>[-+]?(?:0x[\da-fA-F]+|\d+(?:\.\d+)?))|(?<word>[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<symbol>:=|[.|(),=])/y
const comment = /\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/y
const close = /\s-\}\}|\}\}/y

/** Splits a template into text and actions, and the actions into a tree. Throws `invalid` with the place. */
export function parseNodes(text: string): readonly Node[] {
  return new Parser(text).parse()
}

class Parser {
  readonly text: string
  #offset = 0
  #tokens: Token[] = []
  #next = 0
  /** Trim markers: the text after the last action loses its leading space. */
  #trimNext = false

  constructor(text: string) {
    this.text = text
  }

  parse(): readonly Node[] {
    const { nodes, end } = this.#list()
    if (end) throw this.#fail(end, `unexpected {{${end.text}}}`)
    return nodes
  }

  #fail(token: Placed, message: string, hint?: string): StrakeError {
    return templateError(this.text, token.at, message, hint)
  }

  /** Nodes up to the end of the text, or to an `end` or `else`, whose tokens stand ready then. */
  #list(): { nodes: Node[]; end: Token | undefined } {
    const nodes: Node[] = []
    while (this.#offset < this.text.length) {
      const open = this.text.indexOf('{{', this.#offset)
      const at = this.#offset
      let text = this.text.slice(at, open < 0 ? undefined : open)
      if (this.#trimNext) text = text.trimStart()
      this.#trimNext = false
      this.#offset = open < 0 ? this.text.length : open + 2
      const trims = open >= 0 && /^\{\{-\s/.test(this.text.slice(open, open + 4))
      if (trims) {
        text = text.trimEnd()
        this.#offset++
      }
      if (text) nodes.push({ kind: 'text', at, text })
      if (open < 0) break
      if (!this.#readAction(open)) continue
      const first = this.#peek()
      if (first.kind === 'word' && (first.text === 'end' || first.text === 'else')) return { nodes, end: this.#take() }
      nodes.push(this.#action(first))
    }
    return { nodes, end: undefined }
  }

  /** Reads the tokens of one action. False for a comment. */
  #readAction(open: number): boolean {
    comment.lastIndex = this.#offset
    const found = comment.exec(this.text)
    if (found) {
      this.#offset = comment.lastIndex
      this.#trimNext = found[1] === '-'
      return false
    }
    this.#tokens = []
    this.#next = 0
    for (;;) {
      const at = this.#offset
      close.lastIndex = at
      const closed = close.exec(this.text)
      if (closed) {
        this.#offset = close.lastIndex
        this.#trimNext = closed[0].length > 2
        this.#tokens.push({ kind: 'end', text: '}}', at })
        return true
      }
      if (at >= this.text.length) throw templateError(this.text, open, 'unclosed action', 'An action ends with }}.')
      tokens.lastIndex = at
      const match = tokens.exec(this.text)
      if (!match) {
        const character = String.fromCodePoint(this.text.codePointAt(at)!)
        const what = /["`]/.test(character) ? 'unterminated quoted string' : `unexpected ${JSON.stringify(character)}`
        throw templateError(this.text, at, what)
      }
      const [kind] = Object.entries(match.groups!).find(([, value]) => value !== undefined)!
      this.#tokens.push({ kind: kind as Token['kind'], text: match[0], at })
      this.#offset = tokens.lastIndex
    }
  }

  #peek(skipSpace = true): Token {
    if (skipSpace) while (this.#tokens[this.#next]?.kind === 'space') this.#next++
    return this.#tokens[this.#next]!
  }

  #take(skipSpace = true): Token {
    const token = this.#peek(skipSpace)
    if (token.kind !== 'end') this.#next++
    return token
  }

  #close(what: string): void {
    const token = this.#peek()
    if (token.kind !== 'end') throw this.#fail(token, `unexpected ${JSON.stringify(token.text)} in ${what}`)
  }

  #action(first: Token): Node {
    const { at } = first
    const name = first.kind === 'word' ? first.text : ''
    switch (name) {
      case 'if':
      case 'with':
      case 'range':
        this.#take()
        return this.#control(name, at)
      case 'break':
      case 'continue':
        this.#take()
        this.#close(name)
        return { kind: name, at }
      case 'define':
      case 'template':
      case 'block':
        throw this.#fail(first, `{{${name}}} has no use in a format`)
    }
    return { kind: 'output', at, pipeline: this.#pipeline('command') }
  }

  #control(kind: 'if' | 'with' | 'range', at: number): Node {
    const pipeline = this.#pipeline(kind)
    const { nodes: body, end } = this.#list()
    if (!end) throw templateError(this.text, at, `{{${kind}}} has no {{end}}`)
    if (end.text === 'end') {
      this.#close('end')
      return { kind, at, pipeline, body, otherwise: [] }
    }
    const next = this.#peek()
    if (next.kind === 'word' && (next.text === 'if' || next.text === 'with') && kind !== 'range') {
      this.#take()
      return { kind, at, pipeline, body, otherwise: [this.#control(next.text, next.at)] }
    }
    this.#close('else')
    const otherwise = this.#list()
    if (!otherwise.end) throw templateError(this.text, at, `{{${kind}}} has no {{end}}`)
    if (otherwise.end.text === 'else') throw this.#fail(otherwise.end, 'expected end; found {{else}}')
    this.#close('end')
    return { kind, at, pipeline, body, otherwise: otherwise.nodes }
  }

  #pipeline(what: string): Pipeline {
    const { at } = this.#peek()
    const start = this.#next
    const variables: string[] = []
    let declares = false
    while (this.#peek().kind === 'variable') {
      variables.push(this.#take().text)
      const sign = this.#take()
      if (sign.text === ',' && what === 'range' && variables.length < 2) continue
      if (sign.text === ':=' || sign.text === '=') {
        declares = sign.text === ':='
        return { at, variables, declares, expression: this.#pipe(what, 'end') }
      }
      break
    }
    this.#next = start
    return { at, variables: [], declares, expression: this.#pipe(what, 'end') }
  }

  #pipe(what: string, until: 'end' | ')'): Expression {
    const stages: Expression[] = []
    const { at } = this.#peek()
    for (;;) {
      stages.push(this.#command(what))
      const token = this.#take()
      if (token.text === '|') continue
      const ends = until === 'end' ? token.kind === 'end' : token.text === ')'
      if (!ends)
        throw this.#fail(token, until === ')' ? 'unclosed left paren' : `unexpected ${JSON.stringify(token.text)}`)
      return stages.length === 1 ? stages[0]! : { kind: 'pipe', at, stages }
    }
  }

  /** Operands with space between them: a value, or what is called and its arguments. */
  #command(what: string): Expression {
    const operands: Expression[] = []
    const { at } = this.#peek()
    for (;;) {
      const token = this.#peek()
      if (token.kind === 'end' || token.text === '|' || token.text === ')') break
      operands.push(this.#operand())
    }
    const [callee, ...args] = operands
    if (!callee) throw this.#fail(this.#peek(), `missing value for ${what}`)
    if (args.length === 0 && callee.kind !== 'function') return callee
    return { kind: 'call', at, callee, args }
  }

  #operand(): Expression {
    let operand = this.#primary(this.#take())
    for (let token = this.#peek(false); token.kind === 'field'; token = this.#peek(false)) {
      this.#take(false)
      operand = { kind: 'field', at: token.at, of: operand, name: token.text.slice(1) }
    }
    return operand
  }

  #primary(token: Token): Expression {
    const { at, text } = token
    switch (token.kind) {
      case 'field':
        return { kind: 'field', at, of: { kind: 'dot', at }, name: text.slice(1) }
      case 'variable':
        return { kind: 'variable', at, name: text }
      case 'number':
        return { kind: 'literal', at, value: Number(text) }
      case 'string':
        return { kind: 'literal', at, value: this.#string(token) }
      case 'word':
        if (text === 'true' || text === 'false') return { kind: 'literal', at, value: text === 'true' }
        if (text === 'nil') return { kind: 'literal', at, value: null }
        return { kind: 'function', at, name: text }
      case 'symbol':
        if (text === '.') return { kind: 'dot', at }
        if (text === '(') return this.#pipe('parenthesized pipeline', ')')
    }
    throw this.#fail(token, `unexpected ${JSON.stringify(text)} in operand`)
  }

  #string(token: Token): string {
    if (token.text.startsWith('`')) return token.text.slice(1, -1)
    try {
      return JSON.parse(token.text.replaceAll('\t', '\\t')) as string
    } catch {
      throw this.#fail(token, `invalid escape in ${token.text}`)
    }
  }
}
