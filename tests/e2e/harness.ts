import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runDirectory } from '../../src/containers/places.ts'
import { removeBridge } from '../../src/network/mod.ts'
import { withoutDockerHub } from '../../src/registry/testing.ts'
import { openStore } from '../../src/store/mod.ts'

export const repository = join(import.meta.dirname, '../..')
export const strake = join(repository, 'bin/strake')
export const examples = join(repository, 'examples')

/** Why a test that needs root can't run; false when it can. For node:test's `skip`. */
export const notRoot: string | false = process.getuid?.() === 0 ? false : 'needs root'

export interface Result {
  readonly stdout: string
  readonly stderr: string
  /** 128 + the signal's number where a signal ended it, as a shell says it. */
  readonly code: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly input?: string | Buffer
}

/** A folder with a store of its own, gone at the end with all its containers. */
export class Sandbox implements AsyncDisposable {
  readonly dir = mkdtempSync('/var/tmp/strake-e2e-')
  readonly root = join(this.dir, 'store')
  /** Its own passwords, and no registry but those that a test starts. */
  readonly env = withoutDockerHub(join(this.dir, 'docker'))
  #contexts = 0

  /** Starts `strake` with these arguments; gives back the process too, for tests that kill it. */
  start(args: readonly string[], { cwd = this.dir, env = {}, input }: RunOptions = {}) {
    const child = spawn(strake, args, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...this.env, ...env, STRAKE_ROOT: this.root },
      // a group of its own, so that a test can kill it with all its children
      detached: true,
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    // it may end without reading what it is given
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const done = new Promise<Result>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ ...output, code: code ?? (signal === 'SIGKILL' ? 137 : 143) }))
    })
    return { child, output, done }
  }

  run(args: readonly string[], options?: RunOptions): Promise<Result> {
    return this.start(args, options).done
  }

  /** Runs `strake`, which must succeed; gives back what it writes to standard output, without the last newline. */
  async ok(args: readonly string[], options?: RunOptions): Promise<string> {
    const { stdout, stderr, code } = await this.run(args, options)
    if (code !== 0) throw new Error(`strake ${args.join(' ')}: exit code ${code}\n${stderr}\n${stdout}`)
    return stdout.replace(/\n$/, '')
  }

  /** A new folder with these files. A name that ends in `.sh` is made executable. */
  context(files: Readonly<Record<string, string | Buffer>>): string {
    const dir = join(this.dir, `context-${++this.#contexts}`)
    mkdirSync(dir)
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), content, { mode: name.endsWith('.sh') ? 0o755 : 0o644 })
    }
    return dir
  }

  /** Puts `busybox` into the store. */
  async busybox(): Promise<void> {
    await this.ok(['bootstrap', 'busybox'])
  }

  /** Puts `debian:bookworm` into the store; it is made once and kept in node_modules/.cache. */
  async debian(): Promise<void> {
    const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
    const cache = join(repository, 'node_modules/.cache/strake')
    const archive = join(cache, `debian-bookworm-${version}.tar`)
    mkdirSync(cache, { recursive: true })
    const make = `[ -e "$1" ] || { "$0" bootstrap debian:bookworm && "$0" save -o "$1.part" debian:bookworm && mv "$1.part" "$1"; }`
    // test files run side by side: the first one makes it, the others wait
    await promisify(execFile)('flock', [cache, 'sh', '-ec', make, strake, archive], {
      env: { ...process.env, STRAKE_ROOT: this.root },
    })
    await this.ok(['load', '-i', archive])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const containers = (await this.ok(['ps', '-aq'])).split('\n').filter(Boolean)
      if (containers.length > 0) await this.ok(['rm', '-f', ...containers])
      // What a store has on the machine besides its folder, and keeps for the next container.
      using store = openStore(this.root)
      await removeBridge(store)
      rmSync(runDirectory(store), { recursive: true, force: true })
    } finally {
      rmSync(this.dir, { recursive: true, force: true })
    }
  }
}

/** What a step line of a plain build says: `RUN true` → `cached` or `run`. */
export function steps(result: Result): Map<string, 'cached' | 'run'> {
  const found = new Map<string, 'cached' | 'run'>()
  let last: string | undefined
  for (const line of `${result.stdout}\n${result.stderr}`.split('\n')) {
    const step = /^Step \d+\/\d+ : (.*)$/.exec(line)?.[1]
    if (step !== undefined) {
      last = step
      found.set(step, 'run')
    } else if (last !== undefined && line.trim() === '---> Using cache') found.set(last, 'cached')
  }
  return found
}

/** The steps of a plain build that made a layer anew. */
export function executed(result: Result): string[] {
  return [...steps(result)]
    .filter(([step, how]) => how === 'run' && /^(RUN|COPY|ADD|WORKDIR) /.test(step))
    .map(([step]) => step)
}

/** A TCP port of this machine that nobody uses at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Waits for something that is looked at ten times a second. Throws when it has not come after a minute. */
export async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !condition(); await sleep(100)) {
    if (Date.now() > end) throw new Error(`waited in vain until ${condition}`)
  }
}

/** The body of a page, as soon as a server answers. Throws the last failure when none does for a minute. */
export async function page(url: string): Promise<string> {
  for (const end = Date.now() + 60_000; ; ) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
      return await response.text()
    } catch (error) {
      if (Date.now() > end) throw error
      await sleep(100)
    }
  }
}
