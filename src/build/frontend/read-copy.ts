import {
  type CopyInstruction,
  expand,
  expandHeredoc,
  parseGitUrl,
  parsePatterns,
  variables,
  type Word,
} from '../../dockerfile/mod.ts'
import { bytesOf, StrakeError } from '../../lib/mod.ts'
import type { Operation, Vertex } from '../graph.ts'
import { addOperation } from '../operations/add.ts'
import { parseChmod } from '../operations/chmod.ts'
import { type CopyOptions, copyFromContext, copyFromRoot } from '../operations/copy.ts'
import { addSource, isRemote } from './add-source.ts'
import { checkFlags, flag, flagRange, switchFlag } from './flags.ts'
import { destinationOf, environment, expandWord } from './instructions.ts'
import { copiedStage, withStageMeant } from './plan.ts'
import type { Reading } from './read-stage.ts'

export interface ReadCopy {
  readonly operation: Operation
  /** The line of the history. */
  readonly line: string
  /** What is copied from, where that is no context. */
  readonly from?: Vertex
  /** `--link`: the layer is made as if nothing were below. */
  readonly link: boolean
}

/** A path of the instruction; who wrote one with blanks in quotes, as in a shell, is told how it is done here. */
function expandPath(evaluation: Reading['evaluation'], word: Word, instruction: string): string {
  try {
    return expandWord(evaluation, word)
  } catch (error) {
    const { text, range } = word
    if (!(error instanceof StrakeError) || !/^["'][^"']*$/.test(text)) throw error
    const hint = `Blanks part the words of ${instruction}, also in quotes. Write paths with blanks as a list:\n${instruction} ["a path/", "/another path/"]`
    throw new StrakeError(error.code, error.message, { range, hint, cause: error })
  }
}

export async function readCopy(reading: Reading, instruction: CopyInstruction, id: string): Promise<ReadCopy> {
  checkFlags(instruction)
  const { reader, evaluation } = reading
  const { sources } = reader
  const word = instruction.kind.toUpperCase()
  const names = instruction.sources.map((source) => expandPath(evaluation, source, word))
  const written = expandPath(evaluation, instruction.destination, word)
  const { options, chown, chmod } = readOptions(reading, instruction, { id, written })
  if (names.length + instruction.heredocs.length > 1 && !options.destination.endsWith('/')) {
    reader.options.progress?.({
      kind: 'notice',
      level: 'warning',
      message: `${word} writes several files to ${written}: where that is no directory, only the last one stays`,
      hint: `Write ${written}/ to copy into a directory.`,
    })
  }
  const flags = [
    options.parents && '--parents',
    chown && `--chown=${chown}`,
    chmod && `--chmod=${chmod}`,
    ...names,
    ...instruction.heredocs.map(({ name }) => `<<${name}`),
  ]
  const line = `${word} ${flags.filter(Boolean).join(' ')} ${written} # buildkit`
  // As BuildKit, where a mode makes it an ordinary copy.
  const link = (switchFlag(instruction, 'link') ?? false) && !chmod
  if (instruction.kind === 'add') {
    const read = names.map((name, i) => addSource(reading, instruction, { name, word: instruction.sources[i]!, id }))
    return { operation: addOperation(sources.context, read, options), line, link }
  }
  for (const [i, name] of names.entries()) refuseRemote(name, instruction.sources[i]!)
  return { ...(await copyFrom(reading, instruction, { names, options })), line, link }
}

function readOptions(
  { reader, evaluation }: Reading,
  instruction: CopyInstruction,
  { id, written }: { id: string; written: string },
) {
  const value = (name: string) => {
    const raw = flag(instruction, name)
    return raw && expand(raw, environment(evaluation), reader.dockerfile.escape)
  }
  const chown = value('chown')
  const chmod = value('chmod')
  const exclude = instruction.flags.flatMap(({ name, value }) => (name === 'exclude' && value ? [value] : []))
  // Only to find a mistake now.
  if (chmod) at(instruction, 'chmod', () => parseChmod(chmod))
  at(instruction, 'exclude', () => parsePatterns(exclude))
  const heredocs = instruction.heredocs.map(({ name, content, expand: expands }) => ({
    name: bytesOf(name),
    bytes: Buffer.from(expands ? expandHeredoc(content, environment(evaluation)) : content),
  }))
  const options: CopyOptions = {
    destination: destinationOf(evaluation.stage.config, written),
    ...(chown && { chown }),
    ...(chmod && { chmod }),
    ...(exclude.length && { exclude }),
    ...(switchFlag(instruction, 'parents') && { parents: true }),
    ...(heredocs.length && { heredocs }),
    ranges: instruction.sources.map(({ range }) => range),
    ...(reader.epoch !== undefined && { epoch: reader.epoch }),
    vertex: id,
  }
  return { options, chown, chmod }
}

/** Runs what may find a mistake in the flag. */
function at<T>(instruction: CopyInstruction, name: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    throw new StrakeError(error.code, error.message, { range: flagRange(instruction, name), hint: error.hint })
  }
}

function refuseRemote(name: string, { range }: Word): void {
  if (!isRemote(name)) return
  const what = parseGitUrl(name) ? 'git ref' : 'URL'
  throw new StrakeError('invalid', `source can't be a ${what} for COPY`, { range, hint: 'ADD fetches it.' })
}

/** What COPY copies from: a context, a stage, an image. */
async function copyFrom(
  { reader, parsed }: Reading,
  instruction: CopyInstruction,
  { names, options }: { names: readonly string[]; options: CopyOptions },
): Promise<{ operation: Operation; from?: Vertex }> {
  const { dockerfile, sources } = reader
  const flag = instruction.flags.find(({ name }) => name === 'from')
  const name = flag?.value ?? ''
  if (!flag || name === '') return { operation: copyFromContext(sources.context, names, options) }
  const { range } = flag
  const other = copiedStage(dockerfile, flag, parsed.index)
  if (other) {
    const { top } = await reader.stage(other)
    return { operation: copyFromRoot(`stage ${name}`, names, options), from: top }
  }
  if (variables(name, dockerfile.escape).length > 0) {
    throw new StrakeError('invalid', 'variable expansion is not supported for --from', {
      range,
      hint: 'Name a stage for it, with an ARG from before the first FROM: FROM $IMAGE AS name',
    })
  }
  const base = await sources.base(name, range, reader.platform).catch((error: unknown) => {
    throw withStageMeant(error, dockerfile, name, parsed.index)
  })
  if (base.kind === 'directory') return { operation: copyFromContext(base.source, names, options) }
  const vertex = base.vertex(`${options.vertex}-from`, `FROM ${name}`)
  return { operation: copyFromRoot(name, names, options), from: vertex }
}
