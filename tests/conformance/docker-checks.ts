import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDockerfile, parseIgnore } from '../../src/dockerfile/mod.ts'
import { enter, startDocker } from '../support/peers.ts'

/** A Dockerfile to be checked, and the ignore file of its context. */
export interface CheckCase {
  readonly name: string
  readonly text: string
  readonly ignore?: string
}

/** What there is to say of it, one line each: `3 StageNameCasing Stage name 'X' should be lowercase`; sorted. */
export type Checked = readonly string[]

/** What Strake says, of Docker's rules; `error` where the file is refused. */
export function strakeChecks({ text, ignore = '' }: CheckCase): Checked {
  try {
    const options = { base: () => ({}), ignore: parseIgnore(ignore) }
    const { findings } = checkDockerfile(text, options)
    return findings
      .filter(({ level }) => level === 'warning')
      .map(({ rule, message, range }) => `${range.start.line} ${rule} ${message}`)
      .sort()
  } catch {
    return ['error']
  }
}

interface DockerOutput {
  readonly warnings?: readonly {
    readonly ruleName: string
    readonly detail: string
    readonly location: { readonly ranges: readonly { readonly start: { readonly line: number } }[] }
  }[]
  readonly buildError?: { readonly message: string }
}

/**
 * Whether both say the same. Docker stops at the first thing that it can't build, and ends with `failed` then: what it has
 * said until there must be among what Strake says.
 */
export function agree(strake: Checked, docker: Checked): boolean {
  if (docker.at(-1) !== 'failed') return strake.join('\n') === docker.join('\n')
  return docker.slice(0, -1).every((line) => strake.includes(line))
}

/** What Docker says. All bases stand for an empty image. */
export function dockerChecks(cases: readonly CheckCase[]): Map<string, Checked> {
  startDocker()
  const dir = mkdtempSync(join(tmpdir(), 'strake-checks-'))
  const bases = [...new Set(cases.flatMap(basesOf))]
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ')
  try {
    mkdirSync(join(dir, 'empty'))
    for (const [i, { text, ignore }] of cases.entries()) {
      mkdirSync(join(dir, String(i)))
      writeFileSync(join(dir, String(i), 'Dockerfile'), text)
      if (ignore) writeFileSync(join(dir, String(i), '.dockerignore'), ignore)
    }
    enter(
      dir,
      `tar cf empty.tar empty; id=$(docker import empty.tar)
       for base in ${quoted(bases)}; do docker tag $id "$base" || true; done
       seq 0 ${cases.length - 1} | xargs -P 2 -I@ sh -c 'docker build --call=check,format=json @ >@/out.json 2>@/err || true'
       docker rmi -f ${quoted(bases)} $id >/dev/null 2>&1 || true`,
    )
    return new Map(cases.map(({ name }, i) => [name, read(readFileSync(join(dir, String(i), 'out.json'), 'utf8'))]))
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function read(output: string): Checked {
  const { warnings, buildError } = JSON.parse(output) as DockerOutput
  if (buildError && /parse error|parse check options/.test(buildError.message)) return ['error']
  const line = ({ location }: NonNullable<DockerOutput['warnings']>[number]) => location.ranges[0]!.start.line
  const lines = (warnings ?? []).map((warning) => `${line(warning)} ${warning.ruleName} ${warning.detail}`).sort()
  return buildError && !/^lint violation/.test(buildError.message) ? [...lines, 'failed'] : lines
}

/** Names of images that the file is based on or copies from. */
function basesOf({ text }: CheckCase): string[] {
  const names: string[] = []
  try {
    checkDockerfile(text, { base: (name) => void names.push(name) })
  } catch {
    return []
  }
  return names.filter((name) => /^[a-z0-9][\w./:-]*$/.test(name))
}
