import { explainDockerfile } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'
import { buildArguments } from '../option-values.ts'
import { readDockerfile } from '../read-dockerfile.ts'

export default command({
  name: 'dockerfile explain',
  usage: '[OPTIONS] [FILE | -]',
  summary: 'Say what each instruction will do, and when it is done again',
  options: {
    'build-arg': { kind: 'list', help: 'Set a build-time variable' },
    json: { kind: 'boolean', help: 'Print it as JSON' },
  },
  args: { min: 0, max: 1 },
  async run({ args, options, terminal }) {
    const { file, text } = await readDockerfile(args[0] ?? 'Dockerfile', terminal)
    const explanations = explainDockerfile(text, {
      file,
      buildArgs: buildArguments(options['build-arg'], terminal.env),
    })
    if (options.json) {
      terminal.out(`${JSON.stringify(explanations, null, 2)}\n`)
      return 0
    }
    const gutter = ' '.repeat(String(explanations.at(-1)!.range.start.line).length)
    for (const { instruction, range, does, again, layer } of explanations) {
      const line = String(range.start.line).padStart(gutter.length)
      const shown = instruction.replaceAll(/\s+/g, ' ')
      terminal.out(`${line} | ${printable(shown.length > 100 ? `${shown.slice(0, 99)}…` : shown)}\n`)
      terminal.out(`${gutter}   ${printable(does)}.${layer ? ' Makes a layer.' : ''}\n`)
      if (again) terminal.out(`${gutter}   Again when ${printable(again)}.\n`)
    }
    return 0
  },
})
