import type { ChildProcess } from 'node:child_process'
import { exec } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { checkTerminal } from '../foreground.ts'
import { containerVariables } from '../option-values.ts'

export default command({
  name: 'exec',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Execute a command in a running container',
  examples: ['strake exec -it web sh', 'strake exec -u root -e DEBUG=1 web ls /srv'],
  options: {
    detach: { kind: 'boolean', short: 'd', help: 'Detached mode: run command in the background' },
    env: { kind: 'list', short: 'e', help: 'Set environment variables' },
    'env-file': { kind: 'list', value: 'file', help: 'Read in a file of environment variables' },
    interactive: { kind: 'boolean', short: 'i', help: 'Keep STDIN open even if not attached' },
    privileged: { kind: 'boolean', help: 'Give extended privileges to the command' },
    tty: { kind: 'boolean', short: 't', help: 'Allocate a pseudo-TTY' },
    user: { kind: 'string', short: 'u', help: 'Username or UID (format: "name|uid[:group|gid]")' },
    workdir: { kind: 'string', short: 'w', help: 'Working directory inside the container' },
  },
  args: { min: 2, max: Number.POSITIVE_INFINITY },
  optionsFirst: true,
  async run({ options, args, terminal, engine }) {
    const { detach = false, interactive = false, tty = false, privileged, user, workdir } = options
    const [name = '', ...words] = args
    if (!detach) checkTerminal(terminal, { tty, stdin: interactive })
    let child: ChildProcess | undefined
    using _ = passSignals((signal) => child?.kill(signal))
    return await exec(engine(), name, {
      command: words,
      env: containerVariables(options, terminal.env),
      workdir,
      user,
      privileged,
      tty,
      detach,
      stdin: interactive && !detach && !tty ? terminal.stdin : undefined,
      onOutput: (stream, chunk) => terminal[stream === 'stdout' ? 'out' : 'err'](chunk),
      onStart(started) {
        child = started
      },
    })
  },
})

/** The runtime passes them on to the process. Ctrl-C reaches it without us: it is in the terminal's foreground, too. */
function passSignals(pass: (signal: NodeJS.Signals) => void): Disposable {
  const ignore = () => {}
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass).on('SIGHUP', pass)
  return {
    [Symbol.dispose]() {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass).off('SIGHUP', pass)
    },
  }
}
