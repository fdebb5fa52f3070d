import { systemPrune } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { command } from '../command.ts'
import { confirm } from '../confirm.ts'

export default command({
  name: 'system prune',
  usage: '[OPTIONS]',
  summary: 'Remove unused data',
  examples: [
    'strake system prune                        stopped containers, images without a name, unused build cache',
    'strake system prune -a -f --volumes        all that no container uses, without asking',
    'strake system prune --filter until=24h     what is older than a day',
  ],
  options: {
    all: { kind: 'boolean', short: 'a', help: 'Remove all unused images not just dangling ones' },
    filter: { kind: 'list', value: 'filter', help: 'Provide filter values (e.g. "label=<key>=<value>", "until=24h")' },
    force: { kind: 'boolean', short: 'f', help: 'Do not prompt for confirmation' },
    volumes: { kind: 'boolean', help: 'Prune anonymous volumes' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { all = false, filter, force = false, volumes = false } = options
    if (!force && !(await confirm(terminal, warning(all, volumes, filter)))) return 0
    const pruned = await systemPrune(engine(), { all, volumes, filters: filter })
    const list = (title: string, lines: readonly string[]) => {
      if (lines.length) terminal.out(`${title}:\n${lines.join('\n')}\n\n`)
    }
    list('Deleted Containers', pruned.containers)
    list('Deleted Volumes', pruned.volumes)
    list('Deleted Images', [
      ...pruned.untagged.map((name) => `untagged: ${name}`),
      ...pruned.deleted.map((id) => `deleted: ${id}`),
    ])
    list(
      'Deleted build cache objects',
      pruned.buildCache.map(({ id, description }) => `${id}  ${description}`),
    )
    terminal.out(`Total reclaimed space: ${bytes(pruned.bytes, 4)}\n`)
    return 0
  },
})

function warning(all: boolean, volumes: boolean, filters: readonly string[] = []): string {
  const items = [
    'all stopped containers',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ]
  const list = (lines: readonly string[]) => lines.map((line) => `  - ${line}\n`).join('')
  const filtered = filters.length ? `\n  Items to be pruned will be filtered with:\n${list([...filters].sort())}` : ''
  return `WARNING! This will remove:\n${list(items)}${filtered}\nAre you sure you want to continue?`
}
