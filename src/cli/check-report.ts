import { checkRules, type Finding } from '../engine/mod.ts'
import { type SourceRange, type StrakeError, version } from '../lib/mod.ts'
import { printable } from './display.ts'
import { excerpt } from './error-text.ts'

/** What a check has come to: the Dockerfile, and what is found in it or why it is none. */
export interface CheckReport {
  readonly file: string
  readonly text: string
  readonly findings: readonly Finding[]
  readonly errors: readonly StrakeError[]
}

export const checkFormats = ['text', 'json', 'sarif'] as const
export type CheckFormat = (typeof checkFormats)[number]

/** The report in one of the formats, with its line end. Errors are only in those for machines. */
export function checkReport(report: CheckReport, format: CheckFormat): string {
  if (format === 'text') return text(report)
  return `${JSON.stringify(format === 'json' ? json(report) : sarif(report), null, 2)}\n`
}

/** For people. */
function text({ findings, text }: CheckReport): string {
  const plain = (_: string, text: string) => text
  const lines: string[] = []
  const warnings = findings.filter(({ level }) => level === 'warning')
  const advice = findings.filter(({ level }) => level === 'advice')
  for (const { rule, level, url, message, at } of [...warnings, ...advice]) {
    lines.push(`${level === 'warning' ? 'WARNING' : 'ADVICE'}: ${rule} - ${url}`, printable(message))
    const { fix } = checkRules.find(({ name }) => name === rule)!
    lines.push(...excerpt(at, text, plain), `hint: ${fix}`, '')
  }
  const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
  const found = warnings.length
    ? `${count(warnings.length, 'warning has', 'warnings have')} been found!`
    : 'no warnings found.'
  const more = advice.length ? ` And ${count(advice.length, 'piece', 'pieces')} of advice.` : ''
  return [`Check complete, ${found}${more}`, '', ...lines].join('\n')
}

/** The form of `docker build --call check,format=json`, and our advice in the same form beside the warnings. */
function json({ file, text, findings, errors }: CheckReport): unknown {
  const of = (level: Finding['level']) =>
    findings
      .filter((finding) => finding.level === level)
      .map(({ rule, description, url, message, range }) => ({
        ruleName: rule,
        description,
        url,
        detail: message,
        location: location(range),
      }))
  const [error] = errors
  return {
    warnings: of('warning'),
    advice: of('advice'),
    sources: [{ filename: file, language: 'Dockerfile', data: Buffer.from(text).toString('base64') }],
    ...(error && {
      buildError: { message: error.message, ...(error.range && { location: location(error.range) }) },
    }),
  }
}

/** One range for each line. */
function location({ start, end }: SourceRange) {
  const ranges = []
  for (let line = start.line; line <= end.line; line++) ranges.push({ start: { line }, end: { line } })
  return { ranges }
}

/** SARIF 2.1.0. */
function sarif({ file, findings, errors }: CheckReport): unknown {
  const rules = checkRules.filter(({ name }) => findings.some(({ rule }) => rule === name))
  const place = ({ start, end }: SourceRange) => ({
    physicalLocation: {
      artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/') },
      region: { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column },
    },
  })
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Strake',
            version,
            rules: rules.map(({ name, level, description, reason, fix, url }) => ({
              id: name,
              shortDescription: { text: description },
              fullDescription: { text: reason },
              help: { text: fix },
              ...(url.startsWith('https:') && { helpUri: url }),
              defaultConfiguration: { level: level === 'warning' ? 'warning' : 'note' },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: [
          ...findings.map(({ rule, level, message, at }) => ({
            ruleId: rule,
            ruleIndex: rules.findIndex(({ name }) => name === rule),
            level: level === 'warning' ? 'warning' : 'note',
            message: { text: message },
            locations: [place(at)],
          })),
          ...errors.map(({ message, range }) => ({
            ruleId: 'ParseError',
            level: 'error',
            message: { text: message },
            ...(range && { locations: [place(range)] }),
          })),
        ],
      },
    ],
  }
}
