import { posix } from 'node:path'
import type { Step } from '../../evaluated.ts'
import { compilePattern } from '../../ignore-pattern.ts'
import type { CopyInstruction, IgnorePattern } from '../../types.ts'
import { commandsOf, scriptsOf } from '../shell.ts'
import type { RuleText } from '../types.ts'
import { editOf, isOwn, stepsOf, tokenRange } from './places.ts'

const isUrl = (text: string) => /^https?:\/\//.test(text)
const isGit = (text: string) => /^(git|ssh):\/\/|^git@|^[^/]*github\.com\//.test(text) || /\.git(#.*)?$/.test(text)

/** Sources that come from the build context, after expansion. */
function contextSources({ instruction, words }: Step): string[] {
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return []
  if (instruction.flags.some(({ name }) => name === 'from')) return []
  return words.slice(0, -1).filter((source) => !isUrl(source))
}

export const copyIgnoredFile: RuleText = {
  name: 'CopyIgnoredFile',
  level: 'warning',
  reached: true,
  description: 'Attempting to Copy file that is excluded by .dockerignore',
  reason: 'The file is not in the context: the build fails, or copies nothing.',
  fix: 'Change the pattern in .dockerignore, or bring the file back with a line that begins with !.',
  bad: '# .dockerignore: *.env\nCOPY prod.env /app/',
  good: '# .dockerignore: *.env and !prod.env\nCOPY prod.env /app/',
  experimental: true,
  *find({ stages, ignore }) {
    if (ignore.length === 0) return
    const patterns = ignore.map((pattern) => ({ ...pattern, matches: compilePattern(pattern.pattern) }))
    for (const step of stages.flatMap((stage) => stepsOf(stage, 'copy', 'add'))) {
      for (const source of contextSources(step)) {
        if (!isIgnored(patterns, source)) continue
        const command = step.instruction.kind === 'add' ? 'Add' : 'Copy'
        const message = `Attempting to ${command} file ${JSON.stringify(source)} that is excluded by .dockerignore`
        const { sources } = step.instruction as CopyInstruction
        yield {
          message,
          range: step.range,
          at: isOwn(step) ? sources.find(({ text }) => text === source)?.range : undefined,
        }
      }
    }
  },
}

/** As moby/patternmatcher's MatchesOrParentMatches: the name as it is written, or one of the folders that it is in. */
function isIgnored(
  patterns: readonly (IgnorePattern & { readonly matches: (path: string) => boolean })[],
  source: string,
): boolean {
  const slash = source.lastIndexOf('/')
  const folder = slash < 1 ? '.' : posix.normalize(source.slice(0, slash))
  const above = folder === '.' ? [] : folder.split('/')
  let ignored = false
  for (const { pattern, exclusion, matches } of patterns) {
    const depth = pattern.split('/').length
    const parent = depth <= above.length ? above.slice(0, depth).join('/') : undefined
    if (matches(source) || (parent !== undefined && matches(parent))) ignored = !exclusion
  }
  return ignored
}

/** Archives that ADD unpacks. */
const archive = /\.(tar|tgz|tbz2?|txz|tzst|tar\.\w+|gz|bz2|xz|zst)$/i

export const addWhereCopyServes: RuleText = {
  name: 'AddWhereCopyServes',
  level: 'advice',
  description: 'ADD is used for what COPY does',
  reason: 'ADD unpacks archives and downloads; whoever reads it must ask which. COPY only copies.',
  fix: 'Write COPY.',
  bad: 'ADD requirements.txt /app/',
  good: 'COPY requirements.txt /app/',
  *find({ stages }) {
    for (const step of stages.flatMap((stage) => stepsOf(stage, 'add'))) {
      const { node, instruction, range, words } = step
      if (instruction.kind !== 'add' || !isOwn(step)) continue
      if (instruction.flags.some(({ name }) => ['checksum', 'keep-git-dir', 'unpack'].includes(name))) continue
      const sources = words.slice(0, -1)
      if (sources.some((source) => isUrl(source) || isGit(source) || archive.test(source))) continue
      // An archive can have any name, and a pattern may match one: only what is plainly none is changed.
      const plain = sources.every((source) => /^\.?\/?$|\/$|\.[a-z]{1,6}$/i.test(source) && !/[*?[$]/.test(source))
      yield {
        message: 'COPY does the same, and no more than that',
        range,
        at: tokenRange(node, node.keyword),
        edits: plain ? editOf(node, node.keyword, node.keyword.text === 'add' ? 'copy' : 'COPY') : [],
      }
    }
  },
}

const secretNames = new Set([
  ...['.env', '.npmrc', '.netrc', '.pypirc', '.git-credentials', '.pgpass', '.htpasswd', '.aws', '.ssh'],
  ...['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'kubeconfig', 'credentials', 'credentials.json'],
])
const secretEndings = new Set(['pem', 'key', 'p12', 'pfx', 'jks', 'keystore', 'kdbx'])

/** By the name alone; in small letters. */
function isSecretFile(source: string): boolean {
  const path = source.endsWith('/') ? source.slice(0, -1) : source
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = path.lastIndexOf('.')
  const found =
    secretNames.has(name) ||
    (dot >= 0 && secretEndings.has(path.slice(dot + 1))) ||
    (path.endsWith('.json') && /(^|\/)service-?account/.test(path)) ||
    /(^|\/)(\.docker\/config\.json|\.kube\/config|\.env\.(?!example|sample|template|dist)[\w-]+)$/.test(path)
  return found && !source.endsWith('.pub') && !source.includes('public')
}

export const secretCopied: RuleText = {
  name: 'SecretCopied',
  level: 'advice',
  description: 'A file that holds secrets by its name is copied into the image',
  reason: 'It stays in the layer, for everyone who gets the image, even if a later step removes it.',
  fix: 'Give it to the step that needs it, RUN --mount=type=secret,id=…, or to the container when it runs. Name it in .dockerignore.',
  bad: 'COPY .npmrc /root/.npmrc\nRUN npm ci',
  good: 'RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci',
  *find({ stages }) {
    for (const step of stages.flatMap((stage) => stepsOf(stage, 'copy', 'add'))) {
      if (!isOwn(step)) continue
      for (const source of contextSources(step)) {
        if (!isSecretFile(source.toLowerCase())) continue
        const { sources } = step.instruction as CopyInstruction
        const at = sources.find(({ text }) => text === source)?.range
        yield { message: `${source} looks like a secret, and stays in the image`, range: step.range, at }
      }
    }
  },
}

/** Commands that install what a list of dependencies names. */
const install =
  /^(pip3?|python3? -m pip|uv pip) install .*(-r|--requirement)\b|^(npm (ci|i|install)|yarn|yarn install|pnpm (i|install)|bun install|bundle install|composer install|poetry install|pipenv (install|sync)|uv sync|go mod download|cargo fetch|mvn .*dependency:|dotnet restore)\b/

/** The same with packages named on the command line: nothing of the context is needed for it. */
const named = /^(npm (i|install)|pnpm (i|install)|bun install) .*(^| )(-g|--global|[a-z@][\w@./-]*)/

export const copyBeforeInstall: RuleText = {
  name: 'CopyBeforeInstall',
  level: 'advice',
  description: 'All files are copied before dependencies are installed',
  reason: 'Every change of any file makes the installation run again.',
  fix: 'Copy the list of dependencies alone, install, then copy the rest.',
  bad: 'COPY . /app\nRUN pip install -r requirements.txt',
  good: 'COPY requirements.txt /app/\nRUN pip install -r requirements.txt\nCOPY . /app',
  *find({ stages }) {
    for (const stage of stages) {
      const whole = stepsOf(stage, 'copy', 'add').find((step) => contextSources(step).some(isWhole))
      if (!whole || !isOwn(whole)) continue
      for (const step of stepsOf(stage, 'run')) {
        if (step.index < whole.index) continue
        const found = scriptsOf(step)
          .flatMap(({ text }) => commandsOf(text))
          .map(({ words }) => words.map(({ text }) => text).join(' '))
          .find((text) => install.test(text) && !named.test(text))
        if (found === undefined) continue
        const shown = found.split(' ').slice(0, 3).join(' ')
        const message = `Every change of a file makes "${shown}" on line ${step.range.start.line} run again`
        yield { message, range: whole.range }
        break
      }
    }
  },
}

/** The whole context. */
const isWhole = (source: string) => /^\.?\/?$|^\.\/\.$|^\*$/.test(source)
