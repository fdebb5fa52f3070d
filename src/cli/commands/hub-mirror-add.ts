import { parseNamespace } from '../../hub/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData } from '../hub-data.ts'
import { passwordFromStdin } from '../read-password.ts'

export default command({
  name: 'hub mirror add',
  usage: '[OPTIONS] NAME REGISTRY',
  summary: 'Add a namespace that copies another registry as its images are pulled',
  examples: ['strake hub mirror add dockerhub docker.io    then: docker pull HUB/dockerhub/library/debian'],
  options: {
    data: dataOption,
    'password-stdin': { kind: 'boolean', help: 'Take the password for the other registry from stdin' },
    username: { kind: 'string', short: 'u', help: 'Username for the other registry' },
  },
  args: { min: 2, max: 2 },
  async run({ options, args, terminal }) {
    const name = parseNamespace(args[0]!)
    const upstream = upstreamOf(args[1]!)
    if (options.username !== undefined) upstream.username = encodeURIComponent(options.username)
    if (options['password-stdin']) upstream.password = encodeURIComponent(await passwordFromStdin(terminal))
    using data = openData(options.data, terminal.env)
    await data.accounts.addNamespace({ name, kind: 'mirror', upstream: upstream.href })
    terminal.out(`${name}\n`)
    return 0
  },
})

function upstreamOf(text: string): URL {
  const address = /^(index\.)?docker\.io$/.test(text) ? 'registry-1.docker.io' : text
  const url = URL.parse(/^https?:\/\//.test(address) ? address : `https://${address}`)
  if (url?.pathname !== '/' || url.search !== '' || url.username !== '') {
    const hint = 'A host, or a URL without a path: docker.io, https://registry.example.com, http://localhost:5000'
    throw new StrakeError('invalid', `${JSON.stringify(text)} is not the address of a registry`, { hint })
  }
  return url
}
