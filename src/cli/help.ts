import type { Command, Option } from './command.ts'
import { type Entry, entries, members, names } from './commands.ts'

const headings = {
  common: 'Common Commands',
  images: 'Images',
  containers: 'Containers',
  dockerfile: 'Dockerfiles',
  hub: 'A Registry of Your Own',
  system: 'System',
} as const

/** What `strake --help` prints. */
export function overview(): string {
  const lines = ['Usage:  strake [OPTIONS] COMMAND', '', 'Builds, runs and ships container images, without a daemon']
  for (const [group, heading] of Object.entries(headings)) {
    const rows = entries.filter((entry) => entry.group === group).map(({ name, summary }) => [name, summary] as const)
    lines.push('', `${heading}:`, ...columns(rows))
  }
  lines.push(
    '',
    'Global Options:',
    '  -D, --debug     Show where errors come from',
    '  -v, --version   Print version information and quit',
    '',
    'Environment:',
    '  STRAKE_ROOT     The folder that holds images and containers',
    '  STRAKE_HUB      The folder that holds the data of a hub',
    '',
    "Run 'strake COMMAND --help' for more information on a command.",
    '',
  )
  return lines.join('\n')
}

/** What `strake image --help` prints. */
export function groupHelp(group: string): string {
  const rows = members(group).map(({ name, summary }) => [name, summary] as const)
  return [
    `Usage:  strake ${group} COMMAND`,
    '',
    'Commands:',
    ...columns(rows),
    '',
    `Run 'strake ${group} COMMAND --help' for more information on a command.`,
    '',
  ].join('\n')
}

/** What `strake build --help` prints. `name` is the name it was called by, `width` that of the terminal. */
export function commandHelp(command: Command, entry: Entry, name: string, width = 80): string {
  const lines = [usageLine(command, name), '', command.summary]
  const all = [entry.name, ...names(entry)]
  if (all.length > 1) lines.push('', 'Aliases:', `  ${all.map((alias) => `strake ${alias}`).join(', ')}`)
  const rows = optionRows(command)
  if (rows.length > 0) lines.push('', 'Options:', ...columns(rows, width))
  if (command.examples?.length) lines.push('', 'Examples:', ...command.examples.map((line) => `  ${line}`))
  return `${lines.join('\n')}\n`
}

export function usageLine(command: Command, name: string): string {
  return `Usage:  strake ${name} ${command.usage}`.trimEnd()
}

/** One row for each option that is shown: `-t, --tag list`, and its help. */
export function optionRows(command: Command): (readonly [string, string])[] {
  return Object.entries(command.options)
    .filter(([, option]) => !option.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, option]) => {
      const value = option.kind === 'boolean' ? '' : ` ${option.value ?? placeholders[option.kind]}`
      const short = option.short ? `-${option.short}, ` : '    '
      return [`${short}--${name}${value}`, helpText(option)] as const
    })
}

const placeholders = { string: 'string', number: 'int', list: 'list' } as const

function helpText({ help, default: preset, kind }: Option): string {
  if (preset === undefined) return help
  return `${help} (default ${kind === 'string' ? JSON.stringify(preset) : preset})`
}

function columns(rows: readonly (readonly [string, string])[], width = Number.POSITIVE_INFINITY): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 3
  const room = Math.max(24, width - left - 2)
  return rows.flatMap(([name, text]) =>
    wrap(text, room).map((line, i) => `  ${(i === 0 ? name : '').padEnd(left)}${line}`.trimEnd()),
  )
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines
}
