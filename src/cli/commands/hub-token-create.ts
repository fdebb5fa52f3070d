import { hashSecret, newId, newSecret, type TokenScope } from '../../hub/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData, timeSpan } from '../hub-data.ts'

const scopes: readonly string[] = ['read', 'write', 'delete'] satisfies TokenScope[]

export default command({
  name: 'hub token create',
  usage: '[OPTIONS] USER NAME',
  summary: 'Make an access token, which a program uses in the place of a password',
  examples: ["strake hub token create alice ci --scope write --repository 'alice/*' --expires 90d"],
  options: {
    data: dataOption,
    expires: { kind: 'string', value: 'duration', help: 'When it ends, as 12h or 90d (default never)' },
    repository: { kind: 'list', value: 'pattern', help: "Only for these repositories ('alice/*')" },
    scope: { kind: 'string', help: 'read: pull; write: push too; delete: delete too', default: 'read' },
  },
  args: { min: 2, max: 2 },
  async run({ options, args, terminal }) {
    const { scope = 'read', repository, expires } = options
    if (!scopes.includes(scope)) {
      const hint = 'One of read, write, delete.'
      throw new StrakeError('invalid', `invalid scope ${JSON.stringify(scope)}`, { hint })
    }
    using data = openData(options.data, terminal.env)
    const user = args[0]!
    if (!(await data.accounts.user(user))) throw new StrakeError('not_found', `no such user: ${user}`)
    const secret = newSecret('access')
    const now = Date.now()
    await data.accounts.addToken({
      id: newId(),
      hash: hashSecret(secret),
      user,
      kind: 'access',
      name: args[1]!.slice(0, 100),
      scope: scope as TokenScope,
      repositories: repository.length > 0 ? repository : undefined,
      parent: undefined,
      createdAt: now,
      usedAt: undefined,
      expiresAt: expires === undefined ? undefined : now + timeSpan(expires),
    })
    terminal.out(`${secret}\n`)
    if (terminal.errIsTerminal) terminal.err('Keep it: it is not shown again. It is used as the password.\n')
    return 0
  },
})
