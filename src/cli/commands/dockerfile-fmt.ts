import { formatDockerfile } from '../../engine/mod.ts'
import { command } from '../command.ts'
import { readDockerfile } from '../read-dockerfile.ts'
import { replaceFile } from '../replace-file.ts'

export default command({
  name: 'dockerfile fmt',
  usage: '[OPTIONS] [FILE | -]...',
  summary: 'Format Dockerfiles',
  examples: [
    'strake dockerfile fmt                   print ./Dockerfile in the one style',
    'strake dockerfile fmt --write a/ b/     format a/Dockerfile and b/Dockerfile in place',
    'strake dockerfile fmt --check app/      end with 1 if the file is not formatted (for CI)',
  ],
  options: {
    check: { kind: 'boolean', help: 'Only name the files that are not formatted, and end with 1 if there are any' },
    write: { kind: 'boolean', short: 'w', help: 'Write the result into the files instead of printing it' },
  },
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run({ args, options, terminal }) {
    const files = []
    for (const name of args.length > 0 ? args : ['Dockerfile']) {
      const { file, text } = await readDockerfile(name, terminal)
      const formatted = formatDockerfile(text, file)
      files.push({ name, file, formatted, changed: !Buffer.from(formatted).equals(text) })
    }
    for (const { name, file, formatted, changed } of files) {
      if (options.check) {
        if (changed) terminal.out(`${file}\n`)
      } else if (!options.write || name === '-') terminal.out(formatted)
      if (options.write && changed && name !== '-') replaceFile(file, formatted)
    }
    return options.check && files.some(({ changed }) => changed) ? 1 : 0
  },
})
