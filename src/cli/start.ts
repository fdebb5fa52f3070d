import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

// The release's way in: starts the program of a command line with the code that V8 compiled for it before. Node's own
// cache (NODE_COMPILE_CACHE) holds what is compiled when a program is loaded, and hardly any of what it then calls.

/** The programs beside this one, without `.cjs`: name → hash of the text. Set when they are built. */
declare const programs: Readonly<Record<string, string>>
/** First words of command lines. */
declare const verbs: readonly string[]

interface Compiled {
  /** What V8 knows its own by: it turns code of another version down. */
  readonly code: Buffer
  /** What the run took that it is from, in milliseconds of processor time; 0 if it had to compile all of it. */
  readonly spent: number
}

const headSize = 96

function start(verb: string): void {
  const name = Object.hasOwn(programs, `strake-${verb}`) ? `strake-${verb}` : 'strake'
  const hash = programs[name]!
  const file = join(import.meta.dirname, `${name}.cjs`)
  const kept = placeOf(verb)
  const compiled = kept && read(kept, hash)
  // Programs are ASCII, which takes the least room in memory, and no time to decode.
  const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`
  const script = new Script(text, { filename: file, ...(compiled && { cachedData: compiled.code }) })
  const known = compiled && !script.cachedDataRejected ? compiled : undefined

  if (kept) {
    // V8 forgets the code of what was not called for a while: a run that takes longer would leave the next ones without it.
    setTimeout(() => process.getBuiltinModule('node:v8').setFlagsFromString('--no-flush-bytecode'), 100).unref()
    process.on('exit', () => {
      const { user, system } = process.cpuUsage()
      const spent = known ? Math.round((user + system) / 1000) : 0
      // Who did clearly more than the one before has come by more of the code. How long it took, waiting included, says nothing.
      if (known && spent <= 1.25 * known.spent) return
      // V8 takes no code that was made under other flags than it starts with (`layers/crew.ts` changes one too).
      process.getBuiltinModule('node:v8').setFlagsFromString('--turbofan --flush-bytecode')
      write(kept, `${hash} ${spent}`, script.createCachedData())
    })
  }
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname)
}

/**
 * Where the code for a verb is kept: in the user's cache folder. Undefined where there is none, for what is no verb, and where
 * somebody else could put other code there: root may have been given the home of another user.
 */
function placeOf(verb: string): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env
  const ours = XDG_CACHE_HOME || HOME
  if (!ours || !verbs.includes(verb)) return undefined
  const stat = statSync(ours, { throwIfNoEntry: false })
  if (!stat?.isDirectory() || stat.uid !== process.geteuid!() || stat.mode & 0o002) return undefined
  return join(XDG_CACHE_HOME || join(ours, '.cache'), 'strake', verb)
}

/** Undefined when there is none for a program of this hash. */
function read(path: string, hash: string): Compiled | undefined {
  try {
    const bytes = readFileSync(path)
    const [of, spent] = bytes.toString('latin1', 0, headSize).split(' ')
    return of === hash ? { code: bytes.subarray(headSize), spent: Number(spent) } : undefined
  } catch {
    return undefined
  }
}

/** It costs nobody anything when it can't be written. */
function write(path: string, head: string, code: Buffer): void {
  const beside = `${path}.${process.pid}`
  try {
    // One by one: below /proc, Node's `recursive` would try for ever.
    for (const folder of [dirname(dirname(path)), dirname(path)]) {
      if (!existsSync(folder)) mkdirSync(folder, 0o700)
    }
    writeFileSync(beside, Buffer.concat([Buffer.from(head.padEnd(headSize)), code]), { mode: 0o600, flush: true })
    renameSync(beside, path)
  } catch {
    rmSync(beside, { force: true })
  }
}

start(process.argv[2] ?? '')
