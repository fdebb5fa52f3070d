import { existsSync } from 'node:fs'
import { containerCount, defaultRoot, type Info, info, installMissing } from '../../engine/mod.ts'
import { bytes, parseTemplate } from '../../lib/mod.ts'
import { command, type Terminal } from '../command.ts'

export default command({
  name: 'info',
  usage: '[OPTIONS]',
  summary: 'Show what this machine offers and what is missing',
  options: {
    check: { kind: 'boolean', help: 'Only say what is missing and how to get it; ends with 1 if Strake cannot work' },
    format: { kind: 'string', short: 'f', help: "'json', or a Go template" },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const found = await info()
    if (options.check) return check(found, terminal)
    const images = existsSync(defaultRoot()) ? engine().images.list().length : 0
    const all = { ...goNames(found), Images: images, Containers: containerCount() }
    if (options.format === 'json') terminal.out(`${JSON.stringify(all)}\n`)
    else if (options.format) terminal.out(`${parseTemplate(options.format).execute(all)}\n`)
    else terminal.out(page(found, images, terminal))
    return 0
  },
})

/** The same with the keys that Go templates use: `.Host.Kernel`, `.MissingPackages`. */
function goNames(value: unknown): Record<string, unknown> {
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(convert)
    return typeof value === 'object' && value !== null ? goNames(value) : value
  }
  const entries = Object.entries(value as object)
  return Object.fromEntries(entries.map(([key, value]) => [key[0]!.toUpperCase() + key.slice(1), convert(value)]))
}

function page(found: Info, images: number, { color }: Terminal): string {
  const { host, store } = found
  const sections: [string, [string, string][]][] = [
    [
      'Strake',
      [
        ['Version', found.version],
        ['Node.js', found.node],
        ['User', found.rootless ? 'not root' : 'root'],
        ['Images', String(images)],
        ['Containers', String(containerCount())],
      ],
    ],
    [
      'Store',
      [
        ['Root', store.root],
        ['File system', store.fileSystem],
        ['Free', bytes(store.free)],
      ],
    ],
    [
      'Host',
      [
        ['Name', host.name],
        ['System', host.system],
        ['Architecture', host.architecture],
        ['CPUs', String(host.processors)],
        ['Memory', bytes(host.memory)],
        ['CA bundle', found.ca ? `${found.ca.file} (${found.ca.variable})` : "the image's own"],
      ],
    ],
    [
      'Kernel',
      [
        ['Release', host.kernel],
        ...found.features.map(({ name, available }): [string, string] => [name, available ? 'yes' : 'no']),
        ['cgroups', `${found.cgroups.version} (${found.cgroups.controllers.join(' ')})`],
      ],
    ],
    [
      'Components',
      found.components.map(({ name, path, version, purpose }) => [
        name,
        path ? `${path}${version ? ` (${version})` : ''}` : `missing (${purpose})`,
      ]),
    ],
  ]
  const lines: string[] = []
  for (const [title, rows] of sections) {
    lines.push(`${title}:`, ...rows.map(([name, value]) => ` ${`${name}:`.padEnd(17)} ${value}`.trimEnd()))
  }
  const serious = found.problems.filter((problem) => problem.serious)
  for (const { what } of serious) lines.push(`${color('yellow', 'WARNING:')} ${what}`)
  if (found.problems.length > 0) lines.push('', 'How to mend what is missing: strake info --check')
  return `${lines.join('\n')}\n`
}

function check(found: Info, { out }: Terminal): number {
  const serious = found.problems.filter((problem) => problem.serious)
  if (found.problems.length === 0) out('Nothing is missing.\n')
  for (const [title, problems] of [
    ['Strake needs:', serious],
    ['Better with:', found.problems.filter((problem) => !problem.serious)],
  ] as const) {
    if (problems.length === 0) continue
    out(`${title}\n`)
    for (const { what, fix } of problems) out(`  ${what}\n      ${fix}\n`)
  }
  const all = installMissing(found)
  if (all && found.missingPackages.length > 1) out(`All packages at once:\n  ${all}\n`)
  return serious.length > 0 ? 1 : 0
}
