import type { Engine } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import type { Call, Command, Terminal } from './command.ts'
import { type Entry, entries, find, members, names } from './commands.ts'
import { insteadOf } from './instead.ts'
import { parse, type UsageError } from './parse.ts'
import { catchSignals, type Signals } from './signals.ts'
import { ClosedOutput } from './terminal.ts'

/**
 * Runs one command line and gives its exit code (docs/exit-codes.md). It does not throw.
 *
 * @param words the command line without `node` and the program
 */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  let debug = false
  let entry: Entry | undefined
  try {
    const [first] = words
    if (first === '-D' || first === '--debug') {
      debug = true
      words = words.slice(1)
    }
    const start = await understand(words, terminal)
    if (typeof start === 'number') return start
    entry = start.entry
    debug ||= start.debug
    return await perform(start, terminal)
  } catch (error) {
    return await report(error, { terminal, debug, entry })
  }
}

interface Start extends Pick<Call, 'options' | 'args'> {
  readonly entry: Entry
  readonly command: Command
  readonly debug: boolean
}

/** Finds out what is asked for. Answers help and mistakes itself: a number is the exit code then. */
async function understand(words: readonly string[], terminal: Terminal): Promise<Start | number> {
  const [first] = words
  if (first === undefined || first === '--help' || first === '-h') return await help([], terminal)
  if (first === 'help') return await help(words.slice(1), terminal)
  if (first === '--version' || first === '-v') return await understand(['version', '--short'], terminal)
  if (first.startsWith('-')) {
    const message = first.startsWith('--')
      ? `unknown flag: ${first.split('=')[0]}`
      : `unknown shorthand flag: '${first.slice(1, 2)}' in ${first}`
    terminal.err(
      `${message}\n\nUsage:  strake [OPTIONS] COMMAND [ARG...]\n\nRun 'strake --help' for more information\n`,
    )
    return 125
  }
  const found = find(words)
  if (found.kind === 'group') {
    const [next] = found.rest
    if (next === undefined || next === '--help' || next === '-h') return await help([found.name], terminal)
    return unknown(found.name, next, terminal)
  }
  if (found.kind === 'unknown') return unknown('', found.name, terminal)

  const { entry, name, args } = found
  const command = (await entry.load()).default
  const parsed = parse(command, args)
  if (parsed.kind === 'help') return await help([name], terminal)
  if (parsed.kind === 'usage') return await usage(parsed, command, name, terminal)
  return { ...parsed, entry, command }
}

async function perform({ entry, command, options, args }: Start, terminal: Terminal): Promise<number> {
  const store = entry.storeless ? undefined : await import('./open.ts')
  let signals: Signals | undefined
  let engine: Engine | undefined
  try {
    return await command.run({
      options,
      args,
      terminal,
      get signal() {
        signals ??= catchSignals()
        return signals.signal
      },
      engine() {
        engine ??= store?.openEngine(terminal)
        if (!engine) throw new StrakeError('internal', `${entry.name} is not to open the store`)
        return engine
      },
    })
  } catch (error) {
    // What an abort looks like depends on where it struck; that it was one is known here.
    if (signals?.exitCode !== undefined)
      throw new StrakeError('cancelled', 'cancelled', { exitCode: signals.exitCode, cause: error })
    throw error
  } finally {
    signals?.[Symbol.dispose]()
    engine?.[Symbol.dispose]()
  }
}

async function report(
  error: unknown,
  { terminal, debug, entry }: { terminal: Terminal; debug: boolean; entry: Entry | undefined },
): Promise<number> {
  if (error instanceof ClosedOutput) return 0
  try {
    const { errorText } = await import('./error-text.ts')
    terminal.err(errorText(error, { color: terminal.color, debug }))
  } catch (problem) {
    if (!(problem instanceof ClosedOutput)) throw problem
  }
  const failure = entry?.failure ?? 1
  if (!(error instanceof StrakeError)) return failure
  if (error.code === 'cancelled') return error.exitCode ?? 130
  return entry?.starts && (error.exitCode === 126 || error.exitCode === 127) ? error.exitCode : failure
}

async function help(words: readonly string[], terminal: Terminal): Promise<number> {
  const { commandHelp, groupHelp, overview } = await import('./help.ts')
  if (words.length === 0) {
    terminal.out(overview())
    return 0
  }
  const found = find(words)
  if (found.kind === 'verb') {
    const command = (await found.entry.load()).default
    terminal.out(commandHelp(command, found.entry, found.name, terminal.outIsTerminal ? process.stdout.columns : 80))
    return 0
  }
  if (found.kind === 'group' && found.rest.length === 0) {
    terminal.out(groupHelp(found.name))
    return 0
  }
  return unknown(found.kind === 'group' ? found.name : '', words.at(-1)!, terminal)
}

async function usage(problem: UsageError, command: Command, name: string, terminal: Terminal): Promise<number> {
  const { usageLine } = await import('./help.ts')
  const { color } = terminal
  terminal.err(`${color('red', 'ERROR:')} ${problem.message}\n`)
  if (problem.hint) terminal.err(`${color('cyan', 'hint:')} ${problem.hint}\n`)
  terminal.err(`\n${usageLine(command, name)}\n\nSee 'strake ${name} --help' for more information\n`)
  return problem.exitCode
}

function unknown(group: string, word: string, terminal: Terminal): number {
  const { color } = terminal
  const prefix = group === '' ? '' : `${group} `
  const candidates =
    group === '' ? entries.flatMap((entry) => [entry.name, ...names(entry)]) : members(group).map(({ name }) => name)
  const close = nearest(word, candidates)
  const instead = insteadOf(`${prefix}${word}`) ?? (close && `Did you mean 'strake ${prefix}${close}'?`)
  terminal.err(`${color('red', 'ERROR:')} unknown command: strake ${prefix}${word}\n`)
  if (instead) terminal.err(`${color('cyan', 'hint:')} ${instead}\n`)
  terminal.err(`\nRun 'strake ${prefix}--help' for more information\n`)
  return 1
}
