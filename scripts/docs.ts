// Writes docs/cli.md from the table of verbs; with --check, only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { entries } from '../src/cli/commands.ts'
import { commandHelp, overview } from '../src/cli/help.ts'

const file = 'docs/cli.md'
const block = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`
const parts = [
  '# The command line\n',
  'Made by `npm run docs` from the same tables that the parser and `--help` use. Grammar and names are those of docker.',
  'Exit codes: [exit-codes.md](exit-codes.md).\n',
  block(overview()),
]
for (const entry of entries.filter(({ group }) => group)) {
  const { default: command } = await entry.load()
  parts.push(`## strake ${entry.name}\n`, block(commandHelp(command, entry, entry.name)))
}
const text = parts.join('\n')
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} is not up to date; run: npm run docs`)
  process.exitCode = 1
}
