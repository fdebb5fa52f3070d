import { release } from 'node:os'
import { version } from '../../lib/mod.ts'
import { hostPlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'version',
  usage: '[OPTIONS]',
  summary: 'Show the version',
  options: {
    format: { kind: 'string', short: 'f', help: "'json', or nothing for lines that people read" },
    short: { kind: 'boolean', help: 'Only one line', hidden: true },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal }) {
    const facts = { version, node: process.versions.node, ...hostPlatform, kernel: release() }
    if (options.short) terminal.out(`Strake version ${version}\n`)
    else if (options.format === 'json') terminal.out(`${JSON.stringify(facts)}\n`)
    else
      terminal.out(
        `Strake\n Version:  ${version}\n Node.js:  ${facts.node}\n OS/Arch:  ${facts.os}/${facts.architecture}\n Kernel:   ${facts.kernel}\n`,
      )
    return 0
  },
})
