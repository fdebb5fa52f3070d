import { StrakeError } from '../../lib/mod.ts'

export type TomlValue = string | boolean | number | readonly TomlValue[]
export interface TomlTable {
  [key: string]: TomlValue | TomlTable | TomlTable[]
}

/**
 * The part of TOML that configuration files of registries are written in: tables, arrays of tables, strings, booleans,
 * numbers, lists. Throws `invalid` with the line for everything else.
 */
export function parseToml(text: string, file: string): TomlTable {
  const root: TomlTable = Object.create(null)
  let table = root
  let at = 0
  const fail = (why: string) => {
    const line = text.slice(0, at).split('\n').length
    return new StrakeError('invalid', `${file}:${line}: ${why}`)
  }
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at = pattern.lastIndex
    return found ?? undefined
  }
  const keys = (): string[] => {
    const found: string[] = []
    do {
      take(blanks)
      const key = take(bareKey)?.[0] ?? readString()
      if (key === undefined) throw fail('a key was expected')
      found.push(key)
      take(blanks)
    } while (take(/\./y))
    return found
  }
  const readString = (): string | undefined => {
    const basic = take(basicString)
    if (!basic) return take(literalString)?.[1]
    try {
      return JSON.parse(basic[0]) as string
    } catch {
      throw fail('a string with an unknown escape')
    }
  }
  const value = (): TomlValue => {
    const string = readString()
    if (string !== undefined) return string
    const word = take(/true\b|false\b/y)?.[0]
    if (word) return word === 'true'
    const number = take(/[+-]?\d+(?:\.\d+)?/y)?.[0]
    if (number) return Number(number)
    if (!take(/\[/y)) throw fail('a string, a list, a number, true or false was expected')
    const list: TomlValue[] = []
    for (take(space); !take(/\]/y); take(space)) {
      if (list.length > 0 && !take(/,/y)) throw fail('a comma or ] was expected')
      take(space)
      if (take(/\]/y)) break
      list.push(value())
    }
    return list
  }
  const descend = (from: TomlTable, path: readonly string[]): TomlTable => {
    let current = from
    for (const key of path) {
      current[key] ??= Object.create(null) as TomlTable
      const next = current[key]
      const last = Array.isArray(next) ? next.at(-1) : next
      if (typeof last !== 'object' || Array.isArray(last)) throw fail(`${key} is not a table`)
      current = last as TomlTable
    }
    return current
  }
  for (take(space); at < text.length; take(space)) {
    if (take(/\[\[/y)) {
      const path = keys()
      if (!take(/\]\]/y)) throw fail(']] was expected')
      const last = path.pop()!
      const into = descend(root, path)
      into[last] ??= []
      const list = into[last]
      if (!Array.isArray(list)) throw fail(`${last} is not a list of tables`)
      table = Object.create(null)
      ;(list as TomlTable[]).push(table)
    } else if (take(/\[/y)) {
      table = descend(root, keys())
      if (!take(/\]/y)) throw fail('] was expected')
    } else {
      const path = keys()
      if (!take(/=/y)) throw fail('= was expected')
      take(blanks)
      const last = path.pop()!
      const into = descend(table, path)
      if (last in into) throw fail(`${last} is there twice`)
      into[last] = value()
    }
    if (!take(lineEnd)) throw fail('the end of the line was expected')
  }
  return root
}

const blanks = /[ \t]*/y
const space = /(?:\s|#[^\n]*)*/y
const lineEnd = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y
const bareKey = /[A-Za-z0-9_-]+/y
const basicString = /"(?:[^"\\\n]|\\.)*"/y
const literalString = /'([^'\n]*)'/y
