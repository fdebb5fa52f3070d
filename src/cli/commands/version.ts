import { release } from 'node:os'
import { parseTemplate, version } from '../../lib/mod.ts'
import { hostPlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'version',
  usage: '[OPTIONS]',
  summary: 'Show the version',
  options: {
    format: { kind: 'string', short: 'f', help: "Format output using a Go template, or 'json'" },
    short: { kind: 'boolean', help: 'Only one line', hidden: true },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal }) {
    const { os, architecture } = hostPlatform
    const facts = {
      Version: version,
      NodeVersion: process.versions.node,
      Os: os,
      Arch: architecture,
      KernelVersion: release(),
    }
    const { format, short } = options
    if (short) terminal.out(`Strake version ${version}\n`)
    else if (format === undefined) {
      const lines = [
        'Strake',
        ` Version:  ${facts.Version}`,
        ` Node.js:  ${facts.NodeVersion}`,
        ` OS/Arch:  ${os}/${architecture}`,
        ` Kernel:   ${facts.KernelVersion}`,
      ]
      terminal.out(`${lines.join('\n')}\n`)
    } else {
      // Both of docker's sides: the command line is the engine.
      const both = { Client: facts, Server: facts }
      terminal.out(`${parseTemplate(format === 'json' ? '{{json .}}' : format).execute(both)}\n`)
    }
    return 0
  },
})
