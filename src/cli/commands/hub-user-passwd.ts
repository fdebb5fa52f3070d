import { hashPassword } from '../../hub/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { askNewPassword, passwordFromStdin } from '../read-password.ts'

export default command({
  name: 'hub user passwd',
  usage: '[OPTIONS] NAME',
  summary: 'Change the password of a user, and end their logins',
  options: {
    data: dataOption,
    'password-stdin': { kind: 'boolean', help: 'Take the password from stdin' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    const password = options['password-stdin'] ? await passwordFromStdin(terminal) : await askNewPassword(terminal)
    await data.accounts.setPassword(args[0]!, await hashPassword(password))
    terminal.out(`${args[0]}\n`)
    return 0
  },
})
