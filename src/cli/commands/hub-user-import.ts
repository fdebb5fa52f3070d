import { readFileSync } from 'node:fs'
import { parseHtpasswd, parseNamespace } from '../../hub/mod.ts'
import { errno, StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub user import',
  usage: '[OPTIONS] FILE',
  summary: "Add the users of an htpasswd file, as docker's registry has it",
  examples: ['htpasswd -B -c users alice && strake hub user import users'],
  options: { data: dataOption },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal }) {
    const users = parseHtpasswd(read(args[0]!))
    for (const { name } of users) parseNamespace(name)
    using data = openData(options.data, terminal.env)
    for (const { name, password } of users) {
      if (await data.accounts.user(name)) await data.accounts.setPassword(name, password)
      else await data.accounts.addUser({ name, password, admin: false })
      terminal.out(`${name}\n`)
    }
    return 0
  },
})

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (errno(cause) === undefined) throw cause
    throw new StrakeError('invalid', `can't read ${path}: ${(cause as Error).message}`, { cause })
  }
}
