import { StrakeError } from '../lib/mod.ts'
import { isForeign, isFrom, readFrom, readInstruction } from './instructions.ts'
import { type Document, readDocument } from './nodes.ts'
import { parseError } from './source.ts'
import type { ArgInstruction, Dockerfile, Instruction, Stage } from './types.ts'

/**
 * Reads a Dockerfile as BuildKit's frontend does.
 *
 * @param file what the ranges say: the path as the person knows it
 * @throws `invalid`, with the place and docker's own words; when several things are wrong it is the first of them, and
 *   its cause an AggregateError with all of them, in the order of the file
 */
export function parseDockerfile(text: string | Uint8Array, file: string): Dockerfile {
  return parseDocument(readDocument(text, file))
}

/** As `parseDockerfile`, for a text that is already split into nodes: one instruction, or FROM, for each of them. */
export function parseDocument(document: Document): Dockerfile {
  const { source, directives, escape, nodes } = document
  const { file } = source
  const errors = [...document.errors]
  const globals: ArgInstruction[] = []
  const stages: (Stage & { instructions: Instruction[] })[] = []
  let strayed = false
  let foreign = false
  for (const node of nodes) {
    // Lines that lack a continuation before them, or a file of another kind: one error tells of them all.
    const goesOn = foreign
    foreign = isForeign(node)
    if (foreign && goesOn) continue
    try {
      if (isFrom(node)) {
        const { from, name } = readFrom(node)
        stages.push({ name, index: stages.length, from, instructions: [] })
        continue
      }
      const instruction = readInstruction(node)
      const stage = stages.at(-1)
      if (stage) stage.instructions.push(instruction)
      else if (instruction.kind === 'arg') globals.push(instruction)
      else if (!strayed && errors.length === 0) {
        // One such error is enough, and none when something before it may have been meant as FROM.
        strayed = true
        const range = node.line.range(node.keyword.start, node.keyword.end)
        errors.push(parseError('no build stage in current context', range, 'A Dockerfile begins with FROM.'))
      }
    } catch (error) {
      if (!(error instanceof StrakeError)) throw error
      errors.push(error)
    }
  }
  if (errors.length === 0 && stages.length === 0) {
    const nothing = source.text === '' ? 'the Dockerfile cannot be empty' : 'file with no instructions'
    const message = nodes.length === 0 ? nothing : 'dockerfile contains no stages to build'
    errors.push(parseError(message, source.range(0, 0), 'A Dockerfile begins with FROM image, or FROM scratch.'))
  }
  throwAll(errors, source.text)
  const comments = document.comments.map(({ text, start, end }) => ({ text, range: source.range(start, end) }))
  return { file, text: source.text, directives, escape, globals, stages, comments, warnings: document.warnings }
}

/** Reads one ONBUILD trigger out of an image's configuration. Throws `invalid`. */
export function parseTrigger(text: string): Instruction {
  const { nodes, errors, source } = readDocument(text, 'ONBUILD')
  throwAll([...errors], source.text)
  const [node] = nodes
  if (!node || nodes.length > 1) throw parseError('an ONBUILD trigger is one instruction', source.range(0, 0))
  if (isFrom(node) || ['onbuild', 'maintainer'].includes(node.name)) {
    const range = node.line.range(node.keyword.start, node.keyword.end)
    throw parseError(`${node.keyword.text.toUpperCase()} isn't allowed as an ONBUILD trigger`, range)
  }
  return readInstruction(node)
}

function throwAll(errors: StrakeError[], source: string): void {
  const at = ({ range }: StrakeError) => range?.start ?? { line: 0, column: 0 }
  errors.sort((a, b) => at(a).line - at(b).line || at(a).column - at(b).column)
  const [first] = errors
  if (!first) return
  for (const error of errors) error.source = source
  if (errors.length === 1) throw first
  const { message, hint, range } = first
  throw new StrakeError('invalid', message, {
    hint,
    range,
    source,
    cause: new AggregateError(errors, `${errors.length} errors`),
  })
}
