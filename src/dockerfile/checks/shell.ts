import type { Step } from '../evaluated.ts'
import { skip } from '../source.ts'

/** A simple command of a shell: a program and its arguments. */
export interface ShellCommand {
  readonly words: readonly ShellWord[]
}

export interface ShellWord {
  /** Without quotes. */
  readonly text: string
  /** Where it stands in the script. */
  readonly start: number
  readonly end: number
}

/** What a RUN instruction gives its shell. */
export interface Script {
  readonly text: string
  /** Where the script begins in the instruction's line; undefined for a here-document. */
  readonly offset: number | undefined
}

/** The scripts of a RUN instruction: its line, and its here-documents. Exec form has none. */
export function scriptsOf({ instruction, node }: Step): readonly Script[] {
  if (instruction.kind !== 'run' || instruction.command.form === 'exec') return []
  const { line, heredocs } = instruction.command
  const scripts: Script[] = [{ text: line, offset: node.rest.start }]
  for (const { content } of heredocs) scripts.push({ text: content, offset: undefined })
  return scripts
}

const ordinary = /[^ \t\n"'\\#;&|(){}`]*/y

/** The words of a script, by command. It looks for what people write in Dockerfiles, and is no shell. */
export function commandsOf(script: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let words: ShellWord[] = []
  let text = ''
  let start = -1
  const add = (more: string, from: number) => {
    if (start < 0) start = from
    text += more
  }
  const endWord = (end: number) => {
    if (start < 0) return
    words.push({ text, start, end })
    start = -1
    text = ''
  }
  const endCommand = (end: number) => {
    endWord(end)
    if (words.length === 0) return
    const prefix = prefixOf(words)
    if (words.length > prefix) commands.push({ words: prefix > 0 ? words.slice(prefix) : words })
    words = []
  }
  for (let at = 0; at < script.length; at++) {
    const char = script[at]!
    if (char === ' ' || char === '\t') endWord(at)
    else if (char === '"' || char === "'") {
      const close = script.indexOf(char, at + 1)
      const end = close < 0 ? script.length : close
      add(script.slice(at + 1, end), at)
      at = end
    } else if (char === '\\') {
      // Before a line end it continues the line.
      if (script[at + 1] === '\n') endWord(at)
      else add(script[at + 1] ?? '', at)
      at++
    } else if (char === '#' && start < 0) {
      const newline = script.indexOf('\n', at)
      at = (newline < 0 ? script.length : newline) - 1
    } else if (';&|\n(){}`'.includes(char)) endCommand(at)
    else {
      const end = skip(ordinary, script, at + 1)
      add(script.slice(at, end), at)
      at = end - 1
    }
  }
  endCommand(script.length)
  return commands
}

const assignment = /^\w+=/
const prefixes = new Set(['sudo', 'env', 'exec', 'time', 'if', 'then', 'else', 'do', 'while', 'until', '!'])

/** How many words stand before the program: assignments, `sudo`, `if`, … */
function prefixOf(words: readonly ShellWord[]): number {
  let count = 0
  while (count < words.length && (prefixes.has(words[count]!.text) || assignment.test(words[count]!.text))) count++
  return count
}
