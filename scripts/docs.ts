// Writes docs/cli.md from the table of verbs and docs/checks.md from that of rules; with --check, only says whether they are
// up to date.
import { readFileSync, writeFileSync } from 'node:fs'
import { entries } from '../src/cli/commands.ts'
import { commandHelp, overview } from '../src/cli/help.ts'
import { checkRules, type Rule } from '../src/engine/mod.ts'

const block = (text: string, language = 'text') => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`

async function cli(): Promise<string> {
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
  return parts.join('\n')
}

function checks(): string {
  const of = (level: Rule['level']) => checkRules.filter((rule) => rule.level === level)
  return [
    '# Checks of a Dockerfile\n',
    'Made by `npm run docs` from the table of rules. `strake build --check .` tells what they find, `--format json` and',
    '`--format sarif` for programs, `--fix` puts right what is safe to put right. From code: `checkDockerfile(text, options)`.\n',
    "Warnings come from the rules of Docker's build checks, under the same names. Where there are any, the exit code is 1. Advice",
    'comes from rules of our own and changes no exit code. Both are switched off by name in a comment on the first lines:\n',
    block('# check=skip=JSONArgsRecommended,RunsAsRoot;error=true', 'dockerfile'),
    '`skip=all` leaves out everything. With `error=true` warnings make a build fail. Experimental rules are asked for with',
    '`experimental=all`, or by name. `--skip RULE` and `--build-arg BUILDKIT_DOCKERFILE_CHECK=skip=…` do it from outside.\n',
    '## Warnings\n',
    ...of('warning').map(ruleText),
    '## Advice\n',
    ...of('advice').map(ruleText),
  ].join('\n')
}

function ruleText({ name, description, reason, fix, bad, good, experimental, url }: Rule): string {
  const more = url.startsWith('https:') ? ` [Docker's page](${url})` : ''
  return [
    `### ${name}\n`,
    `${description.replace(/\.$/, '')}.${experimental ? ' Experimental.' : ''}\n`,
    `${reason} ${fix}${more}\n`,
    block(`# not so\n${bad}\n\n# but so\n${good}`, 'dockerfile'),
  ].join('\n')
}

for (const [file, text] of [
  ['docs/cli.md', await cli()],
  ['docs/checks.md', checks()],
] as const) {
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not up to date; run: npm run docs`)
    process.exitCode = 1
  }
}
