import { getVolume, type Volume } from '../../engine/mod.ts'
import { parseTemplate, StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'volume inspect',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Show all that is known of one or more volumes',
  options: { format: { kind: 'string', short: 'f', help: "Format output using a Go template, or 'json'" } },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    const { format } = options
    const found: object[] = []
    let missing: StrakeError | undefined
    for (const name of args) {
      try {
        found.push(shown(getVolume(engine(), name)))
      } catch (error) {
        if (!(error instanceof StrakeError) || error.code !== 'not_found') throw error
        missing ??= error
      }
    }
    if (format === undefined) terminal.out(`${JSON.stringify(found, null, 4)}\n`)
    else {
      const template = parseTemplate(format === 'json' ? '{{json .}}' : format)
      for (const object of found) terminal.out(`${template.execute(object)}\n`)
    }
    if (missing) throw missing
    return 0
  },
})

function shown({ name, createdAt, labels, path }: Volume): object {
  return {
    CreatedAt: new Date(createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: path,
    Name: name,
    Options: null,
    Scope: 'local',
  }
}
