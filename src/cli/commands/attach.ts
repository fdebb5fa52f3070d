import { attach } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { checkTerminal, foreground } from '../foreground.ts'

export default command({
  name: 'attach',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Attach local standard input, output, and error streams to a running container',
  options: {
    'no-stdin': { kind: 'boolean', help: 'Do not attach STDIN' },
    'sig-proxy': { kind: 'boolean', help: 'Proxy all received signals to the process', default: 'true' },
    'detach-keys': { kind: 'string', help: 'Override the key sequence for detaching a container' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, engine }) {
    const running = await attach(engine(), args[0]!)
    const { tty, interactive } = running.container.settings
    const stdin = interactive && !options['no-stdin']
    checkTerminal(terminal, { tty, stdin })
    return await foreground(running, {
      terminal,
      stdin,
      sigProxy: options['sig-proxy'] ?? true,
      detachKeys: options['detach-keys'],
    })
  },
})
