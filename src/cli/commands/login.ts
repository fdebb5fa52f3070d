import { login, storedUser } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { readLine, readSecret } from '../read-line.ts'
import { passwordFromStdin } from '../read-password.ts'

export default command({
  name: 'login',
  usage: '[OPTIONS] [SERVER]',
  summary: 'Authenticate to a registry',
  examples: ['strake login registry.test', 'pass show registry | strake login -u alice --password-stdin registry.test'],
  options: {
    username: { kind: 'string', short: 'u', help: 'Username' },
    password: { kind: 'string', short: 'p', help: 'Password or Personal Access Token (PAT)' },
    'password-stdin': { kind: 'boolean', help: 'Take the Password or Personal Access Token (PAT) from stdin' },
  },
  args: { min: 0, max: 1 },
  async run({ options, args, terminal, signal }) {
    const [registry] = args
    const fromStdin = options['password-stdin'] === true
    let { username, password } = options
    if (password !== undefined) {
      terminal.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
      if (fromStdin) throw new StrakeError('invalid', '--password and --password-stdin are mutually exclusive')
    }
    if (fromStdin) {
      if (username === undefined) throw new StrakeError('invalid', 'Must provide --username with --password-stdin')
      password = await passwordFromStdin(terminal)
    }
    const env = terminal.env
    const known = await storedUser(registry ?? 'docker.io', env)
    if (username === undefined && password === undefined && known !== undefined) {
      terminal.err(`Authenticating with existing credentials... [Username: ${known}]\n`)
      try {
        await login({ registry, env, signal })
        return succeeded()
      } catch (error) {
        if (!(error instanceof StrakeError && error.code === 'unauthorized') || !terminal.inIsTerminal) throw error
        terminal.err(`Login did not succeed, error: ${error.message}\n`)
      }
    }
    if ((username === undefined || password === undefined) && !terminal.inIsTerminal) {
      throw new StrakeError('invalid', 'Cannot perform an interactive login from a non TTY device', {
        hint: 'Write: strake login -u USER --password-stdin SERVER < FILE',
      })
    }
    if (username === undefined) {
      const question = known ? `Username (${known}): ` : 'Username: '
      username = (await readLine(terminal, question, signal)).trim() || known
    }
    if (!username) throw new StrakeError('invalid', 'username is required')
    password ??= await readSecret(terminal, 'Password: ', signal)
    if (password === '') throw new StrakeError('invalid', 'password is required')
    const { plain } = await login({ registry, credentials: { username, password }, env, signal })
    if (plain !== undefined) {
      terminal.err(
        `\nWARNING! Your credentials are stored unencrypted in '${plain}'.\n` +
          'Configure a credential helper to remove this warning: "credsStore" in that file.\n\n',
      )
    }
    return succeeded()

    function succeeded(): number {
      terminal.out('Login Succeeded\n')
      return 0
    }
  },
})
