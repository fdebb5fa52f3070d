import { collect } from '../../hub/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { dataOption, openData, timeSpan } from '../hub-data.ts'

export default command({
  name: 'hub gc',
  usage: '[OPTIONS]',
  summary: 'Apply the rules of retention and remove what no tag needs, while the hub serves',
  options: {
    data: dataOption,
    grace: {
      kind: 'string',
      value: 'duration',
      help: 'Spare blobs that came within that time, since a push may be about to need them',
      default: '24h',
    },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal }) {
    using data = openData(options.data, terminal.env)
    const collected = await collect(data, timeSpan(options.grace ?? '24h'))
    for (const tag of collected.tags) terminal.out(`untagged: ${tag}\n`)
    const { blobs, leftovers } = collected
    if (blobs > 0) terminal.out(`deleted: ${blobs} ${blobs === 1 ? 'blob' : 'blobs'}\n`)
    if (leftovers > 0) terminal.out(`deleted: ${leftovers} unfinished uploads\n`)
    terminal.out(`Total reclaimed space: ${bytes(collected.bytes, 4)}\n`)
    return 0
  },
})
