import { type CopyInstruction, expand, expandHeredoc, variables, type Word } from '../../dockerfile/mod.ts'
import { bytesOf, StrakeError } from '../../lib/mod.ts'
import { addOperation } from '../operations/add.ts'
import { parseChmod } from '../operations/chmod.ts'
import { copyFromContext, copyFromRoot } from '../operations/copy.ts'
import { checkFlags, flag } from './flags.ts'
import { destinationOf, environment, expandWord } from './instructions.ts'
import { copiedStage, withStageMeant } from './plan.ts'
import type { Reading } from './read-stage.ts'

export async function readCopy({ reader, evaluation, parsed }: Reading, instruction: CopyInstruction, id: string) {
  checkFlags(instruction)
  const { stage } = evaluation
  const { dockerfile, sources } = reader
  const one = (word: Word) => expandWord(evaluation, word)
  const names = instruction.sources.map(one)
  const written = one(instruction.destination)
  const destination = destinationOf(stage.config, written)
  const value = (name: string) => {
    const raw = flag(instruction, name)
    return raw === undefined ? undefined : expand(raw, environment(evaluation), dockerfile.escape)
  }
  const chown = value('chown')
  const chmod = value('chmod')
  if (chmod !== undefined) checkChmod(instruction, chmod)
  const word = instruction.kind.toUpperCase()
  const heredocs = instruction.heredocs.map(({ name, content, expand: expands }) => ({
    name: bytesOf(name),
    bytes: Buffer.from(expands ? expandHeredoc(content, environment(evaluation)) : content),
  }))
  if (names.length + heredocs.length > 1 && !destination.endsWith('/')) {
    reader.options.progress?.({
      kind: 'notice',
      level: 'warning',
      message: `${word} writes several files to ${written}: where that is no directory, only the last one stays`,
      hint: `Write ${written}/ to copy into a directory.`,
    })
  }
  const flags = [chown && `--chown=${chown} `, chmod && `--chmod=${chmod} `].filter(Boolean).join('')
  const sourceWords = [...names, ...instruction.heredocs.map(({ name }) => `<<${name}`)]
  const line = `${word} ${flags}${sourceWords.join(' ')} ${written} # buildkit`
  const options = {
    destination,
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
    ...(heredocs.length && { heredocs }),
    vertex: id,
  }
  if (instruction.kind === 'add')
    return { operation: addOperation(sources.context, names, { ...options, download: sources.download }), line }
  const from = instruction.flags.find((flag) => flag.name === 'from')
  const name = from?.value ?? ''
  if (!from || name === '') return { operation: copyFromContext(sources.context, names, options), line }
  const other = copiedStage(dockerfile, from, parsed.index)
  if (other) {
    const { top } = await reader.stage(other)
    return { operation: copyFromRoot(`stage ${name}`, names, options), line, from: top }
  }
  if (variables(name, dockerfile.escape).length > 0) {
    throw new StrakeError('invalid', 'variable expansion is not supported for --from', {
      range: from.range,
      hint: 'Name a stage for it, with an ARG from before the first FROM: FROM $IMAGE AS name',
    })
  }
  const base = await sources.base(name, from.range).catch((error: unknown) => {
    throw withStageMeant(error, dockerfile, name, parsed.index)
  })
  if (base.kind === 'directory') return { operation: copyFromContext(base.source, names, options), line }
  const vertex = base.vertex(`${id}-from`, `FROM ${name}`)
  return { operation: copyFromRoot(name, names, options), line, from: vertex }
}

/** Only to find a mistake now. */
function checkChmod({ flags }: CopyInstruction, chmod: string): void {
  try {
    parseChmod(chmod)
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    const { code, message, hint } = error
    throw new StrakeError(code, message, { hint, range: flags.find(({ name }) => name === 'chmod')?.range })
  }
}
