import { join } from 'node:path'
import { check, type Engine, fixDockerfile } from '../engine/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Found } from './build-context.ts'
import { type CheckFormat, checkFormats, checkReport } from './check-report.ts'
import type { Terminal } from './command.ts'
import { singleErrors } from './error-text.ts'
import { buildArguments, namedContexts, platforms } from './option-values.ts'
import { replaceFile } from './replace-file.ts'

/** What `build` is asked for instead of building. */
export interface BuildCall {
  readonly format: CheckFormat
  readonly fix: boolean
}

/** Reads `--check`, `--call` and what goes with them. Undefined where an image is to be built. Throws `invalid`. */
export function buildCall(options: {
  readonly check: boolean | undefined
  readonly call: string | undefined
  readonly fix: boolean | undefined
  readonly format: string | undefined
  readonly skip: readonly string[]
}): BuildCall | undefined {
  const [verb = 'build', ...settings] = options.call?.split(',') ?? []
  if (verb !== 'build' && verb !== 'check') {
    const hint = 'strake dockerfile outline and strake dockerfile targets tell of a Dockerfile.'
    throw new StrakeError('invalid', `--call ${verb} is not known`, { hint })
  }
  const { check, fix = false, skip } = options
  const format = options.format ?? settings.find((setting) => setting.startsWith('format='))?.slice('format='.length)
  if (!check && verb === 'build') {
    const given = fix ? '--fix' : skip.length > 0 ? '--skip' : options.format !== undefined ? '--format' : undefined
    if (given) throw new StrakeError('invalid', `${given} goes with --check`)
    return undefined
  }
  const wanted = checkFormats.find((known) => known === (format ?? 'text'))
  if (!wanted) {
    throw new StrakeError('invalid', `--format ${format} is not known`, { hint: `One of ${checkFormats.join(', ')}.` })
  }
  return { format: wanted, fix }
}

export interface CheckBuildOptions extends BuildCall {
  readonly found: Found
  readonly options: {
    readonly 'build-arg': readonly string[]
    readonly 'build-context': readonly string[]
    readonly platform: readonly string[]
    readonly skip: readonly string[]
    readonly target: readonly string[]
  }
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** Checks the Dockerfile of a build and prints what is found. The exit code is docker's: 1 where there are warnings. */
export async function checkBuild(
  engine: Engine,
  { found, options, terminal, signal, format, fix }: CheckBuildOptions,
): Promise<number> {
  const run = () =>
    check(engine, {
      ...found,
      buildArgs: buildArguments(options['build-arg'], terminal.env),
      buildContexts: namedContexts(options['build-context']),
      platform: platforms(options.platform),
      skip: options.skip,
      target: options.target,
      signal,
    })
  try {
    let checked = await run()
    if (fix) {
      const path = pathOf(found, checked.file)
      const fixed = fixDockerfile(checked.text, checked.options)
      if (fixed !== checked.text.replace(/^\ufeff/, '')) replaceFile(path, fixed)
      checked = await run()
    }
    const { file, text, findings, failure } = checked
    terminal.out(checkReport({ file, text, findings, errors: [] }, format))
    if (failure) terminal.err(`${terminal.color('red', 'ERROR:')} ${failure}\n`)
    return findings.some(({ level }) => level === 'warning') ? 1 : 0
  } catch (error) {
    if (format === 'text' || !(error instanceof StrakeError) || !error.range) throw error
    const { range, source = '' } = error
    terminal.out(checkReport({ file: range.file, text: source, findings: [], errors: singleErrors(error) }, format))
    return 1
  }
}

/** The Dockerfile on this machine. Throws `invalid` where it is none of its files. */
function pathOf({ context, file, dockerfile }: Found, name: string): string {
  if (dockerfile === undefined && context.kind === 'directory') return file ?? join(context.path, name)
  throw new StrakeError('invalid', '--fix needs a Dockerfile in a folder of this machine')
}
