import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/**
 * A shell that stays open, so that what is measured is the tool alone and not the way to it (entering a root folder, starting a
 * shell): the clock runs from the command line that goes in to its exit code that comes out.
 */
export class Session implements AsyncDisposable {
  readonly #shell: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #log: string
  /** Where else its work is done: the process of a daemon. */
  readonly #daemon: (() => number) | undefined

  /** `command` starts the shell; `log` is a file, as seen from here, that holds the output of the last script. */
  constructor(command: readonly string[], options: { env: NodeJS.ProcessEnv; log: string; daemon?: () => number }) {
    const [program, ...args] = command
    this.#shell = spawn(program!, args, { env: options.env })
    this.#shell.stderr.pipe(process.stderr)
    this.#lines = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]()
    this.#log = options.log
    this.#daemon = options.daemon
  }

  /** Runs a script, which must succeed; gives back how many seconds it took. */
  async run(script: string): Promise<number> {
    const start = process.hrtime.bigint()
    this.#shell.stdin.write(`{ ${script}\n} </dev/null >log 2>&1; echo "=$?"\n`)
    const { value, done } = await this.#lines.next()
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    if (done || value !== '=0') throw new Error(`${script}\n${readFileSync(this.#log, 'utf8').slice(-2000)}`)
    return seconds
  }

  /** Runs a script and gives back the peak of the memory (resident, bytes) of its processes and of the daemon. */
  async peak(script: string): Promise<number> {
    let peak = 0
    const look = () => {
      const roots = new Set([this.#shell.pid!, ...(this.#daemon ? [this.#daemon()] : [])])
      peak = Math.max(peak, resident(roots))
    }
    const timer = setInterval(look, 10)
    try {
      await this.run(script)
      return peak
    } finally {
      clearInterval(timer)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin.end()
    if (this.#shell.exitCode === null) await once(this.#shell, 'exit')
  }
}

/** The resident memory of these processes and all below them, in bytes. */
function resident(roots: ReadonlySet<number>): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = read(`/proc/${name}/stat`)
    // the name of the program, in brackets, may hold anything
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  let pages = 0
  for (let [pid, parent] of parents) {
    const self = pid
    while (parent && !roots.has(pid)) [pid, parent] = [parent, parents.get(parent) ?? 0]
    if (roots.has(pid)) pages += Number(read(`/proc/${self}/statm`).split(' ')[1] ?? 0)
  }
  return pages * 4096
}

/** Empty when the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
