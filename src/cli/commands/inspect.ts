import { inspect } from '../../engine/mod.ts'
import { parseTemplate } from '../../lib/mod.ts'
import { parsePlatform } from '../../oci/mod.ts'
import { command } from '../command.ts'
import { withAllFields } from '../inspect-fields.ts'

export default command({
  name: 'inspect',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Return low-level information on containers and images',
  examples: ["strake inspect --format '{{.Config.Cmd}}' app", "strake inspect --format '{{json .Config.Labels}}' app"],
  options: {
    format: { kind: 'string', short: 'f', help: "Format output using a Go template, or 'json'" },
    platform: { kind: 'string', help: 'Of an image for several platforms, the one for this (format: "linux/amd64")' },
    size: { kind: 'boolean', short: 's', help: 'Display total file sizes if the type is container' },
    type: { kind: 'string', help: 'Only inspect objects of the given type' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, engine }) {
    const { format, type, platform } = options
    const template = format === undefined ? undefined : parseTemplate(format === 'json' ? '{{json .}}' : format)
    const { objects, missing } = await inspect(engine(), {
      names: args,
      type,
      platform: platform === undefined ? undefined : parsePlatform(platform),
    })
    if (template) for (const object of objects) terminal.out(`${template.execute(withAllFields(object))}\n`)
    else terminal.out(`${JSON.stringify(objects, null, 4)}\n`)
    for (const error of missing.slice(0, -1)) terminal.err(`Error: ${error.message}\n`)
    const last = missing.at(-1)
    if (last) throw last
    return 0
  },
})
