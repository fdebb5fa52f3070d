import { parseRepository } from '../../hub/mod.ts'
import { command } from '../command.ts'
import { each } from '../each.ts'
import { dataOption, openData } from '../hub-data.ts'

export default command({
  name: 'hub repo rm',
  usage: '[OPTIONS] REPOSITORY [REPOSITORY...]',
  summary: "Remove repositories with all their tags; 'hub gc' frees the space",
  options: { data: dataOption },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal }) {
    using data = openData(options.data, terminal.env)
    await each(args, terminal, async (name) => {
      await data.repositories.remove(parseRepository(name))
      return name
    })
    return 0
  },
})
