import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ended } from '../host/mod.ts'
import { type OperationOptions, StrakeError } from '../lib/mod.ts'

export interface MmdebstrapOptions extends OperationOptions {
  readonly suite: string
  readonly variant: string
  readonly include: readonly string[]
  /** Text of a file `*.sources`. */
  readonly sources: string
  readonly dpkgOptions: readonly string[]
  /** Directories of hooks. */
  readonly hooks: readonly string[]
  /** Where it may keep the tree that it makes. */
  readonly tmpdir: string
  readonly env: NodeJS.ProcessEnv
  /** The vertex that its progress belongs to. */
  readonly vertex: string
}

/**
 * Runs mmdebstrap(1) and hands the tar that it writes to `read`, while it comes. Throws `failed` with its own last
 * errors and a hint for the well-known causes, `unavailable` where it is not installed, `cancelled`.
 */
export async function mmdebstrap<T>(
  options: MmdebstrapOptions,
  read: (tar: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { suite, variant, include, signal } = options
  signal?.throwIfAborted()
  const args = ['--verbose', '--format=tar', `--variant=${variant}`, '--skip=output/dev']
  if (process.getuid?.() === 0) args.push('--mode=root')
  if (include.length > 0) args.push(`--include=${include.join(',')}`)
  for (const option of options.dpkgOptions) args.push(`--dpkgopt=${option}`)
  for (const hook of options.hooks) args.push(`--hook-dir=${hook}`)
  const child = spawn('mmdebstrap', [...args, suite, '-', '-'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...options.env, TMPDIR: options.tmpdir },
  })
  // It ends by itself on SIGTERM, and takes its mounts and its tree away first.
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop)
  const exited = ended(child, 'mmdebstrap')
  const said = new Output(options)
  createInterface(child.stderr).on('line', (line) => said.line(line))
  child.stdin.on('error', () => {}).end(options.sources)
  // Whoever reads must not take what has come for the whole when mmdebstrap fails.
  async function* whole(): AsyncGenerator<Uint8Array> {
    for await (const chunk of child.stdout) yield chunk
    const code = await exited
    if (code !== 0) throw said.failure(code)
  }
  try {
    return await read(whole())
  } catch (error) {
    stop()
    child.stdout.resume()
    const code = await exited
    if (signal?.aborted) throw new StrakeError('cancelled', 'cancelled')
    // A tar that breaks off is the consequence, not the cause, of what mmdebstrap itself said.
    if (said.hasErrors) throw said.failure(code)
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Follows what mmdebstrap, apt and dpkg print. */
class Output {
  readonly #options: MmdebstrapOptions
  readonly #errors: string[] = []
  #expected = 0
  #fetched = 0
  #configured = 0
  #isFetching = false
  #last = 0

  constructor(options: MmdebstrapOptions) {
    this.#options = options
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0
  }

  line(line: string): void {
    const isError = /^(?:E: |Err:)/.test(line) && !/ failed(?: to run)?$/.test(line)
    if (isError) this.#errors.push(line.replace(/^E: /, ''))
    if (line.startsWith('I: ')) this.#step(line.slice(3))
    const count = /^\d+ upgraded, (\d+) newly installed/.exec(line)
    if (count) this.#expected += Number(count[1])
    if (this.#isFetching && line.startsWith('Get:')) {
      this.#fetched++
      this.#status('fetch', 'fetching packages', this.#fetched, Math.max(this.#expected, this.#fetched))
    }
    if (line.startsWith('Setting up ')) {
      this.#configured++
      this.#status('configure', 'setting up packages', this.#configured, Math.max(this.#fetched, this.#configured))
    }
  }

  #step(text: string): void {
    if (text.startsWith('running apt-get update')) this.#isFetching = false
    else if (/^(?:downloading|installing)/.test(text)) this.#isFetching = true
    if (!/^(?:running apt-get update|downloading|extracting|installing|creating tarball|cleaning)/.test(text)) return
    const { progress, vertex } = this.#options
    progress?.({ kind: 'log', vertex, stream: 'stderr', data: Buffer.from(`${text}\n`) })
  }

  #status(id: string, label: string, current: number, total: number): void {
    const now = Date.now()
    if (current < total && now - this.#last < 100) return
    this.#last = now
    const { progress, vertex } = this.#options
    progress?.({ kind: 'status', vertex, id: `${vertex} ${id}`, label, unit: 'items', current, total })
  }

  failure(exitCode: number): StrakeError {
    const said = [...new Set(this.#errors)].slice(-6)
    const text = said.join('\n')
    return new StrakeError('failed', `mmdebstrap ended with ${exitCode}${text && `:\n${text}`}`, {
      exitCode,
      hint: hints.find(([pattern]) => pattern.test(text))?.[1](this.#options.suite),
    })
  }
}

const hints: readonly [RegExp, (suite: string) => string][] = [
  [
    /is expired|not valid yet|Valid-Until/i,
    (suite) =>
      `The mirror is an old copy. To take it nevertheless: --mirror "deb [check-valid-until=no] http://HOST/PATH ${suite} main"`,
  ],
  [
    /NO_PUBKEY|not signed|EXPKEYSIG|keyring/,
    () =>
      "The keys of the distribution's keyring are missing or too old here: update its package (…-archive-keyring, ubuntu-keyring).",
  ],
  [
    /Could not resolve|Temporary failure|Could not connect|Connection (?:refused|timed out|failed)/,
    () => 'The mirror cannot be reached. Name another one with --mirror, or set http_proxy.',
  ],
  [
    /404 +Not Found|File not found|does not have a Release file/,
    (suite) => `The mirror does not serve ${suite}. See the spelling, or name another mirror with --mirror.`,
  ],
  [/Unable to locate package|has no installation candidate/, () => 'See the names given with --include.'],
  [/No space left/, () => 'Free some space, for example with: strake system prune'],
]
