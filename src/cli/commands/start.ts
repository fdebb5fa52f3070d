import { currentContainer, start } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { checkTerminal, foreground, terminalSize } from '../foreground.ts'

export default command({
  name: 'start',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start one or more stopped containers',
  options: {
    attach: { kind: 'boolean', short: 'a', help: 'Attach STDOUT/STDERR and forward signals' },
    interactive: { kind: 'boolean', short: 'i', help: "Attach container's STDIN" },
    'detach-keys': { kind: 'string', help: 'Override the key sequence for detaching a container' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    const { attach = false, interactive = false } = options
    const [name = ''] = args
    if (!attach && !interactive) {
      await each(args, terminal, async (name) => {
        const running = await start(engine(), name)
        running.release()
        return name
      })
      return 0
    }
    if (args.length > 1) throw new StrakeError('invalid', 'you cannot start and attach multiple containers at once')
    const { settings } = await currentContainer(engine(), name)
    const stdin = interactive && settings.interactive
    checkTerminal(terminal, { tty: settings.tty, stdin })
    const running = await start(engine(), name, { size: settings.tty ? terminalSize(terminal) : undefined })
    return await foreground(running, { terminal, stdin, sigProxy: true, detachKeys: options['detach-keys'] })
  },
})
