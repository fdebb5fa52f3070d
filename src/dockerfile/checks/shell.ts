import type { Step } from '../evaluated.ts'

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
export function scriptsOf({ instruction, node }: Step): Script[] {
  if (instruction.kind !== 'run' || instruction.command.form === 'exec') return []
  const { line, heredocs } = instruction.command
  const offset = node.rest.start
  return [{ text: line, offset }, ...heredocs.map(({ content }) => ({ text: content, offset: undefined }))]
}

/** The words of a script, by command. It looks for what people write in Dockerfiles, and is no shell. */
export function commandsOf(script: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let words: ShellWord[] = []
  let text = ''
  let start = -1
  let quote = ''
  const endWord = (end: number) => {
    if (start >= 0) words.push({ text, start, end })
    start = -1
    text = ''
  }
  const endCommand = (end: number) => {
    endWord(end)
    if (words.length > 0) commands.push({ words })
    words = []
  }
  for (let at = 0; at < script.length; at++) {
    const char = script[at]!
    if (quote) {
      if (char === quote) quote = ''
      else text += char
    } else if (char === '"' || char === "'") {
      if (start < 0) start = at
      quote = char
    } else if (char === '\\') {
      // Before a line end it continues the line.
      if (script[at + 1] === '\n') endWord(at)
      else {
        if (start < 0) start = at
        text += script[at + 1] ?? ''
      }
      at++
    } else if (char === '#' && start < 0) {
      while (at + 1 < script.length && script[at + 1] !== '\n') at++
    } else if (char === ' ' || char === '\t') endWord(at)
    else if (';&|\n(){}`'.includes(char)) endCommand(at)
    else {
      if (start < 0) start = at
      text += char
    }
  }
  endCommand(script.length)
  return commands.map(({ words }) => ({ words: words.slice(prefixOf(words)) })).filter(({ words }) => words.length > 0)
}

/** How many words stand before the program: assignments, `sudo`, `if`, … */
function prefixOf(words: readonly ShellWord[]): number {
  const index = words.findIndex(
    ({ text }) => !/^(\w+=.*|sudo|env|exec|time|if|then|else|do|while|until|!|DEBIAN_FRONTEND=.*)$/s.test(text),
  )
  return index < 0 ? words.length : index
}
