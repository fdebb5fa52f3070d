import { rmSync, writeFileSync } from 'node:fs'
import { explainCommand, explainEnd, explainPorts, type RunningContainer, run } from '../../engine/mod.ts'
import { errno, outputTail, StrakeError } from '../../lib/mod.ts'
import { command, type Terminal } from '../command.ts'
import { checkTerminal, foreground, terminalSize } from '../foreground.ts'
import { hintText } from '../hint-text.ts'
import { transferProgress } from '../progress-transfer.ts'
import { askedFor, createOptions, insteadOfDockers } from '../run-options.ts'

/** Servers are up by then, most of them. */
const portCheckAfter = 3000

export default command({
  name: 'run',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create and run a new container from an image',
  examples: [
    'strake run -it --rm debian:bookworm bash      a shell in a new container, which is removed afterwards',
    'strake run -d -p 8080:80 --name web app       in the background, with a port of this machine',
    'strake run --rm -v "$PWD:/src" -w /src app make',
  ],
  options: {
    detach: { kind: 'boolean', short: 'd', help: 'Run container in background and print container ID' },
    ...createOptions,
    attach: { kind: 'list', short: 'a', help: 'Attach to STDIN, STDOUT or STDERR' },
    'sig-proxy': { kind: 'boolean', help: 'Proxy received signals to the process', default: 'true' },
    'detach-keys': { kind: 'string', help: 'Override the key sequence for detaching a container' },
  },
  instead: insteadOfDockers,
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  optionsFirst: true,
  async run(call) {
    const { options, terminal, engine } = call
    const { detach = false, interactive = false, tty = false, cidfile } = options
    if (detach && options.attach.length > 0) throw new StrakeError('invalid', 'Conflicting options: -a and -d')
    const stdin = !detach && (options.attach.length > 0 ? hasStream(options.attach, 'stdin') : interactive)
    const asked = askedFor(call)
    checkTerminal(terminal, { tty, stdin })
    if (cidfile) reserveCidfile(cidfile)
    let running: RunningContainer
    // Ctrl-C ends a pull; once the container runs, the signal is for it.
    const starting = new AbortController()
    const cancel = () => starting.abort()
    call.signal.addEventListener('abort', cancel)
    try {
      const size = tty ? terminalSize(terminal) : undefined
      using view = transferProgress(terminal, { to: 'err', quiet: options.quiet })
      running = await run(engine(), {
        ...asked,
        interactive: interactive || stdin,
        stdinOnce: stdin,
        size,
        signal: starting.signal,
        progress: view.sink,
      })
    } catch (error) {
      if (cidfile) rmSync(cidfile, { force: true })
      throw error
    } finally {
      call.signal.removeEventListener('abort', cancel)
    }
    if (cidfile) writeFileSync(cidfile, running.id)
    const swallowed = asked.command?.length ? explainCommand(running.container) : undefined
    if (swallowed) terminal.err(hintText(swallowed, terminal.color))
    if (detach) {
      terminal.out(`${running.id}\n`)
      running.release()
      return 0
    }
    using _ = checkPorts(running, terminal)
    const tail = outputTail()
    let signalled = false
    const streams = (['stdout', 'stderr'] as const).filter(
      (name) => options.attach.length === 0 || hasStream(options.attach, name),
    )
    return await foreground(running, {
      terminal,
      stdin,
      streams,
      sigProxy: options['sig-proxy'] ?? true,
      detachKeys: options['detach-keys'],
      onOutput: tail.add,
      onSignal: () => {
        signalled = true
      },
      async onEnd() {
        const known = signalled ? undefined : await explainEnd(engine(), running, tail.text())
        if (known) terminal.err(hintText(known, terminal.color))
      },
    })
  },
})

function hasStream(attach: readonly string[], name: string): boolean {
  const unknown = attach.find((stream) => !/^(stdin|stdout|stderr)$/i.test(stream))
  if (unknown !== undefined) {
    throw new StrakeError(
      'invalid',
      `invalid argument "${unknown}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    )
  }
  return attach.some((stream) => stream.toLowerCase() === name)
}

function reserveCidfile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' })
  } catch (cause) {
    if (errno(cause) !== 'EEXIST') throw cause
    throw new StrakeError(
      'conflict',
      `container ID file found, make sure the other container isn't running or delete ${path}`,
    )
  }
}

function checkPorts(running: RunningContainer, terminal: Terminal): Disposable {
  const timer = setTimeout(() => {
    for (const hint of explainPorts(running.container)) terminal.err(hintText(hint, terminal.color))
  }, portCheckAfter)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
