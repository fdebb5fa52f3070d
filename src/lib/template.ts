import { StrakeError } from './error.ts'
import { functions, goString, type TemplateFunction, truth } from './template-functions.ts'
import { type Expression, type Node, type Pipeline, parseNodes, templateError } from './template-syntax.ts'

/** A parsed `--format`. */
export interface Template {
  /**
   * The text for `data`. A function among the data is called with the arguments that follow it (`.Label "x"`).
   * `overrides` stands in for functions of the same name. Throws `invalid`, with the place in the template.
   */
  execute(data: unknown, overrides?: Readonly<Record<string, TemplateFunction>>): string
}

/**
 * Reads a Go template (text/template) as docker's `--format` takes it: fields, pipelines, variables, `if`, `range`,
 * `with`, trim markers, comments, Go's own functions and docker's (`json`, `join`, `split`, `title`, `pad`, …).
 * Throws `invalid` (`template parsing error: …`) with line and column.
 */
export function parseTemplate(text: string): Template {
  const nodes = parseNodes(text)
  check(text, nodes)
  return { execute: (data, overrides = {}) => new Run(text, data, { ...functions, ...overrides }).run(nodes) }
}

/** Unknown functions are found when the template is read, as Go does, not when it first meets data. */
function check(text: string, nodes: readonly Node[]): void {
  const visit = (e: Expression): void => {
    if (e.kind === 'function' && !Object.hasOwn(functions, e.name)) {
      const names = Object.keys(functions).join(', ')
      throw templateError(text, e.at, `function ${JSON.stringify(e.name)} not defined`, `Functions: ${names}`)
    }
    if (e.kind === 'field') visit(e.of)
    if (e.kind === 'call') for (const part of [e.callee, ...e.args]) visit(part)
    if (e.kind === 'pipe') for (const stage of e.stages) visit(stage)
  }
  for (const node of nodes) {
    if ('pipeline' in node) visit(node.pipeline.expression)
    if ('body' in node) for (const list of [node.body, node.otherwise]) check(text, list)
  }
}

/** What a list of nodes ended with: its end, or a `break` or `continue` of the loop around it. */
type Flow = 'next' | 'break' | 'continue'

class Run {
  readonly #text: string
  readonly #functions: Readonly<Record<string, TemplateFunction>>
  #out = ''
  #dot: unknown
  /** Variables in scope, the innermost last. */
  #variables: { name: string; value: unknown }[]

  constructor(text: string, data: unknown, table: Readonly<Record<string, TemplateFunction>>) {
    this.#text = text
    this.#functions = table
    this.#dot = data
    this.#variables = [{ name: '$', value: data }]
  }

  run(nodes: readonly Node[]): string {
    this.#list(nodes)
    return this.#out
  }

  #list(nodes: readonly Node[]): Flow {
    for (const node of nodes) {
      const flow = this.#node(node)
      if (flow !== 'next') return flow
    }
    return 'next'
  }

  #node(node: Node): Flow {
    switch (node.kind) {
      case 'text':
        this.#out += node.text
        return 'next'
      case 'output': {
        const value = this.#pipeline(node.pipeline)
        if (node.pipeline.variables.length === 0) this.#out += goString(value)
        return 'next'
      }
      case 'break':
      case 'continue':
        return node.kind
      default:
        return this.#scoped(() => this.#control(node))
    }
  }

  /** Variables declared inside are gone afterwards, and so is a changed dot. */
  #scoped(body: () => Flow): Flow {
    const [dot, count] = [this.#dot, this.#variables.length]
    const flow = body()
    this.#dot = dot
    this.#variables.length = count
    return flow
  }

  #control(node: Extract<Node, { body: unknown }>): Flow {
    if (node.kind === 'range') return this.#range(node)
    const value = this.#pipeline(node.pipeline)
    if (!truth(value)) return this.#list(node.otherwise)
    if (node.kind === 'with') this.#dot = value
    return this.#list(node.body)
  }

  #range(node: Extract<Node, { body: unknown }>): Flow {
    const value = this.#evaluate(node.pipeline.expression)
    const entries = this.#entries(value, node.at)
    if (entries.length === 0) return this.#list(node.otherwise)
    for (const [key, item] of entries) {
      let flow: Flow = 'next'
      this.#scoped(() => {
        this.#dot = item
        const { variables, declares } = node.pipeline
        const values = variables.length === 2 ? [key, item] : [item]
        for (const [i, name] of variables.entries()) this.#assign(name, values[i], declares, node.at)
        flow = this.#list(node.body)
        return flow
      })
      if (flow === ('break' as Flow)) break
    }
    return 'next'
  }

  #entries(value: unknown, at: number): [unknown, unknown][] {
    if (value === undefined || value === null) return []
    if (Array.isArray(value)) return [...value.entries()]
    if (typeof value === 'number') return Array.from({ length: value }, (_, i) => [i, i])
    if (typeof value === 'object') return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    throw this.#fail(at, `range can't iterate over ${goString(value)}`)
  }

  #pipeline({ expression, variables, declares, at }: Pipeline): unknown {
    const value = this.#evaluate(expression)
    for (const name of variables) this.#assign(name, value, declares, at)
    return value
  }

  #assign(name: string, value: unknown, declares: boolean, at: number): void {
    if (declares) {
      this.#variables.push({ name, value })
      return
    }
    const variable = this.#variables.findLast((v) => v.name === name)
    if (!variable) throw this.#fail(at, `undefined variable ${JSON.stringify(name)}`)
    variable.value = value
  }

  #evaluate(e: Expression, piped: readonly unknown[] = []): unknown {
    switch (e.kind) {
      case 'dot':
        return this.#dot
      case 'literal':
        return e.value
      case 'variable': {
        const variable = this.#variables.findLast((v) => v.name === e.name)
        if (!variable) throw this.#fail(e.at, `undefined variable ${JSON.stringify(e.name)}`)
        return variable.value
      }
      case 'field':
        return this.#field(e, piped)
      case 'function':
        return this.#call(this.#functions[e.name]!, e.name, piped, e.at)
      case 'pipe': {
        let last: readonly unknown[] = []
        for (const stage of e.stages) last = [this.#evaluate(stage, last)]
        return last[0]
      }
      case 'call': {
        const args = () => [...e.args.map((arg) => this.#evaluate(arg)), ...piped]
        if (e.callee.kind === 'function') {
          if (e.callee.name === 'and' || e.callee.name === 'or') return this.#shortCircuit(e, piped)
          return this.#call(this.#functions[e.callee.name]!, e.callee.name, args(), e.at)
        }
        if (e.callee.kind === 'field') return this.#field(e.callee, args())
        throw this.#fail(e.callee.at, "can't give argument to non-function")
      }
    }
  }

  /** `and` and `or` stop at the first argument that decides (Go 1.18). */
  #shortCircuit(e: Extract<Expression, { kind: 'call' }>, piped: readonly unknown[]): unknown {
    const stopAt = e.callee.kind === 'function' && e.callee.name === 'or'
    let value: unknown
    for (const arg of e.args) {
      value = this.#evaluate(arg)
      if (truth(value) === stopAt) return value
    }
    return piped.length ? piped[0] : value
  }

  #call(fn: TemplateFunction, name: string, args: readonly unknown[], at: number): unknown {
    try {
      return fn(...args)
    } catch (error) {
      if (error instanceof StrakeError && !error.message.startsWith('template')) {
        throw this.#fail(at, `error calling ${name}: ${error.message}`)
      }
      throw error
    }
  }

  #field(e: Extract<Expression, { kind: 'field' }>, args: readonly unknown[]): unknown {
    const owner = this.#evaluate(e.of)
    if (owner === undefined || owner === null)
      throw this.#fail(e.at, `nil data; no entry for key ${JSON.stringify(e.name)}`)
    if (typeof owner !== 'object' || Array.isArray(owner)) {
      throw this.#fail(e.at, `can't evaluate field ${e.name} in ${goString(owner)}`)
    }
    if (!Object.hasOwn(owner, e.name)) {
      const names = Object.keys(owner)
      // Go tells structs, whose fields are known, from maps, where any key may be missing. Here the shape must tell.
      const isStruct = /^\p{Lu}/u.test(e.name) && names.length > 0 && names.every((n) => /^\p{Lu}\w*$/u.test(n))
      if (!isStruct) return undefined
      throw this.#fail(e.at, `can't evaluate field ${e.name}`, `Fields: ${names.join(', ')}`)
    }
    const value = (owner as Record<string, unknown>)[e.name]
    if (typeof value === 'function') return this.#call(value as TemplateFunction, e.name, args, e.at)
    if (args.length > 0) throw this.#fail(e.at, `${e.name} has arguments but cannot be invoked as function`)
    return value
  }

  #fail(at: number, message: string, hint?: string): StrakeError {
    return templateError(this.#text, at, message, hint)
  }
}
