import { logout } from '../../engine/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'logout',
  usage: '[SERVER]',
  summary: 'Log out from a registry',
  options: {},
  args: { min: 0, max: 1 },
  async run({ args, terminal }) {
    const shown = args[0] ?? 'https://index.docker.io/v1/'
    const known = await logout(args[0], terminal.env)
    terminal.out(known ? `Removing login credentials for ${shown}\n` : `Not logged in to ${shown}\n`)
    return 0
  },
})
