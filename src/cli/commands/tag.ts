import { tag } from '../../engine/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'tag',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  options: {},
  args: { min: 2, max: 2 },
  async run({ args, engine }) {
    tag(engine(), { source: args[0]!, target: args[1]! })
    return 0
  },
})
