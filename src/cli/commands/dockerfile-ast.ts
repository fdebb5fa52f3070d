import { parseDockerfile, treeText } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { readDockerfile } from '../read-dockerfile.ts'

export default command({
  name: 'dockerfile ast',
  usage: '[OPTIONS] [FILE | -]',
  summary: 'Show how a Dockerfile is read',
  examples: [
    'strake dockerfile ast              one line for each instruction of ./Dockerfile',
    'strake dockerfile ast --json FILE  stages, instructions and comments with their places',
  ],
  options: {
    json: { kind: 'boolean', help: 'Print everything that is known, as JSON' },
  },
  args: { min: 0, max: 1 },
  async run({ args, options, terminal }) {
    const { file, text } = await readDockerfile(args[0] ?? 'Dockerfile', terminal)
    if (options.json) {
      const { text: _, ...dockerfile } = parseDockerfile(text, file)
      terminal.out(`${JSON.stringify(dockerfile, null, 2)}\n`)
    } else terminal.out(treeText(text, file))
    return 0
  },
})
