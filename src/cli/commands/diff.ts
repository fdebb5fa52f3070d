import { type Change, diff, type ImageDifferences } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { columns } from '../columns.ts'
import { command } from '../command.ts'
import { printable } from '../display.ts'

const formats = ['text', 'json']

export default command({
  name: 'diff',
  usage: '[OPTIONS] IMAGE IMAGE',
  summary: 'Show where two images differ',
  examples: ['strake diff app:1 app:2      exit code 1 when they differ in anything'],
  options: {
    format: { kind: 'string', help: `Output as ${formats.join(' or ')}`, default: 'text' },
  },
  args: { min: 2, max: 2 },
  async run({ args, options, terminal, engine, signal }) {
    const { format = 'text' } = options
    if (!formats.includes(format)) {
      throw new StrakeError('invalid', `--format ${format} is not known`, { hint: `One of ${formats.join(', ')}.` })
    }
    const differences = diff(engine(), { before: args[0]!, after: args[1]! }, { signal })
    terminal.out(format === 'json' ? `${JSON.stringify(differences, null, 2)}\n` : report(differences))
    return differences.fields.length + differences.files.length > 0 ? 1 : 0
  },
})

function report({ fields, files }: ImageDifferences): string {
  const parts: string[] = []
  if (fields.length > 0) {
    parts.push('Configuration:\n', columns(fields.map((field) => [`  ${field.field}`, changeText(field)])))
  }
  if (files.length > 0) {
    const signs = { added: 'A', removed: 'D', changed: 'C' }
    const lines = files.map(({ path, change, fields }) => {
      const what = Object.entries(fields).map(([name, field]) => `${name} ${changeText(field)}`)
      return `  ${signs[change]} ${printable(path)}${what.length > 0 ? `  (${printable(what.join(', '))})` : ''}\n`
    })
    parts.push(`${fields.length > 0 ? '\n' : ''}Files:\n`, ...lines)
  }
  return parts.join('')
}

function changeText({ before, after }: Change): string {
  return `${valueText(before)} → ${valueText(after)}`
}

/** Digests as short as images' ids. */
function valueText(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value !== 'string') return JSON.stringify(value)
  const [digest] = /^sha256:[0-9a-f]{64}$/.exec(value) ?? []
  return digest
    ? digest.slice(0, 'sha256:'.length + 12)
    : value === '' || /\s/.test(value)
      ? JSON.stringify(value)
      : value
}
