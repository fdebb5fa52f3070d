import { hashPassword, parseNamespace } from '../../hub/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { askNewPassword, passwordFromStdin } from '../read-password.ts'

export default command({
  name: 'hub user add',
  usage: '[OPTIONS] NAME',
  summary: 'Add a user to the hub',
  examples: ['strake hub user add --admin alice', 'printf %s "$PASSWORD" | strake hub user add --password-stdin bob'],
  options: {
    admin: { kind: 'boolean', help: 'An administrator, who may do everything' },
    data: dataOption,
    'password-stdin': { kind: 'boolean', help: 'Take the password from stdin' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    const { admin = false, 'password-stdin': fromStdin } = options
    const name = parseNamespace(args[0]!)
    using data = openData(options.data, terminal.env)
    const password = fromStdin ? await passwordFromStdin(terminal) : await askNewPassword(terminal)
    await data.accounts.addUser({ name, admin, password: await hashPassword(password) })
    terminal.out(`${name}\n`)
    return 0
  },
})
