import { existsSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { builderGc, defaultRoot, diskOf, readGcPolicy } from '../../engine/mod.ts'
import { bytes } from '../../lib/mod.ts'
import { cacheTable } from '../cache-table.ts'
import { command } from '../command.ts'

export default command({
  name: 'builder gc',
  usage: '[OPTIONS]',
  summary: 'Remove build cache by the rules of the policy, as builds do by themselves',
  options: {
    policy: { kind: 'boolean', help: 'Show the rules instead, in their order' },
    background: { kind: 'boolean', help: 'Nobody waits for it: leave the processor to others', hidden: true },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    if (options.policy) {
      terminal.out(policyText(engine().store.root, terminal.env))
      return 0
    }
    if (options.background) {
      // The store may have been removed since the build.
      if (!existsSync(join(defaultRoot(terminal.env), 'strake.db'))) return 0
      setPriority(constants.priority.PRIORITY_LOW)
    }
    const { records, bytes: freed } = builderGc(engine())
    if (records.length) terminal.out(cacheTable(records))
    terminal.out(`Total:\t${bytes(freed, 4)}\n`)
    return 0
  },
})

/** As `docker buildx inspect` shows it. */
function policyText(root: string, env: NodeJS.ProcessEnv): string {
  const rules = readGcPolicy(diskOf(root), env)
  if (rules.length === 0) return 'Nothing is collected: builder.gc.enabled is false, or the policy has no rules.\n'
  return rules
    .map(({ all, filters = [], reservedSpace, maxUsedSpace, minFreeSpace }, i) => {
      const size = (name: string, value: number | undefined) => (value ? [` ${name} ${bytes(value, 4)}`] : [])
      const lines = [
        `GC Policy rule#${i}:`,
        ` All:            ${all ?? false}`,
        ...(filters.length ? [` Filters:        ${filters.join(',')}`] : []),
        ...size('Reserved Space:', reservedSpace),
        ...size('Max Used Space:', maxUsedSpace),
        ...size('Min Free Space:', minFreeSpace),
      ]
      return `${lines.join('\n')}\n`
    })
    .join('')
}
