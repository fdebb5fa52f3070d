import { currentContainer, explainPorts, hostAddress, publishedPorts } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { hintText } from '../hint-text.ts'

export default command({
  name: 'port',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'List port mappings or a specific mapping for the container',
  options: {},
  args: { min: 1, max: 2 },
  async run({ args, terminal, engine }) {
    const [name = '', wanted] = args
    const container = await currentContainer(engine(), name)
    const ports = publishedPorts(container).map((port) => ({ inside: `${port.containerPort}/${port.protocol}`, port }))
    if (wanted === undefined) {
      for (const { inside, port } of ports) terminal.out(`${inside} -> ${hostAddress(port)}\n`)
    } else {
      const inside = wanted.includes('/') ? wanted.toLowerCase() : `${wanted}/tcp`
      const found = ports.filter((one) => one.inside === inside)
      if (found.length === 0) throw new StrakeError('not_found', `No public port '${inside}' published for ${name}`)
      for (const { port } of found) terminal.out(`${hostAddress(port)}\n`)
    }
    for (const hint of explainPorts(container)) terminal.err(hintText(hint, terminal.color))
    return 0
  },
})
