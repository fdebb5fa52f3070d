import { StrakeError } from '../lib/mod.ts'
import { commentsBefore, evaluate } from './evaluate.ts'
import type { Evaluated, EvaluatedStage, EvaluateOptions, Step } from './evaluated.ts'
import { optionName } from './mounts.ts'
import { type Node, readDocument } from './nodes.ts'
import { parseDocument } from './parse.ts'
import type { Flag, Instruction, SourceRange } from './types.ts'

/** A stage that can be built. */
export interface Target {
  /** Undefined for a stage without a name. */
  readonly name: string | undefined
  /** From the comment `# name description` above it. */
  readonly description: string | undefined
  /** What it is based on, as it is written. */
  readonly base: string
  /** It is built when no target is named. */
  readonly isDefault: boolean
  readonly range: SourceRange
}

/** What building a target takes. */
export interface Outline {
  readonly name: string | undefined
  readonly description: string | undefined
  /** ARGs that it, or what it depends on, declares, with the values that they have without --build-arg. */
  readonly args: readonly Taken[]
  readonly secrets: readonly (Taken & { readonly required: boolean })[]
  readonly ssh: readonly (Taken & { readonly required: boolean })[]
}

export interface Taken {
  readonly name: string
  readonly value: string | undefined
  readonly description: string | undefined
  readonly range: SourceRange
}

type Options = Pick<EvaluateOptions, 'file' | 'buildArgs'>

/** The stages of a Dockerfile. Throws as `parseDockerfile`. */
export function dockerfileTargets(text: string | Uint8Array, options: Options = {}): Target[] {
  const evaluated = read(text, options)
  const comments = commentsBefore(evaluated.document)
  return evaluated.stages.map((checked, i) => ({
    name: checked.stage.name,
    description: description(comments, checked.node, checked.stage.name),
    base: checked.from.image.text,
    isDefault: i === evaluated.stages.length - 1,
    range: checked.from.range,
  }))
}

/**
 * What building a target of the Dockerfile takes: arguments, secrets, SSH agents.
 *
 * @param target name or number of a stage; the last one if it is left out
 * @throws as `parseDockerfile`; `not_found` for a target that is not there
 */
export function dockerfileOutline(text: string | Uint8Array, target?: string, options: Options = {}): Outline {
  const evaluated = read(text, options)
  const found = target === undefined ? evaluated.stages.at(-1)! : stageNamed(evaluated.stages, target)
  if (!found) throw new StrakeError('not_found', `target stage ${JSON.stringify(target)} could not be found`)
  const comments = commentsBefore(evaluated.document)
  const needed = reachable(evaluated, found)
  const args = new Map<string, Taken>()
  const secrets = new Map<string, Taken & { readonly required: boolean }>()
  const ssh = new Map<string, Taken & { readonly required: boolean }>()
  const addArgs = ({ node, instruction, values }: Step, wanted: (name: string) => boolean) => {
    if (instruction.kind !== 'arg') return
    for (const [i, { name, range }] of instruction.args.entries()) {
      if (!wanted(name) || args.has(name)) continue
      args.set(name, { name, value: values[i], description: description(comments, node, name), range })
    }
  }
  const steps = [...needed].flatMap((stage) => stage.steps)
  const declared = new Set(steps.flatMap(({ instruction }) => argNames(instruction)))
  const used = new Set([...needed].flatMap((stage) => [...stage.baseVariables.set, ...(stage.platform?.set ?? [])]))
  for (const step of evaluated.globals) addArgs(step, (name) => used.has(name) || declared.has(name))
  for (const step of steps) {
    addArgs(step, () => true)
    for (const mount of mountsOf(step.instruction)) {
      const { type, source, id = source, target, required } = mount.fields
      const taken = { value: undefined, description: undefined, range: mount.flag.range }
      const must = { required: required !== undefined && !/^(0|f|F|false|False|FALSE)$/.test(required) }
      if (type === 'secret') {
        const name = id || (target ?? '').split('/').at(-1)!
        if (!secrets.has(name) || must.required) secrets.set(name, { name, ...taken, ...must })
      } else if (type === 'ssh') {
        const name = id || 'default'
        if (!ssh.has(name) || must.required) ssh.set(name, { name, ...taken, ...must })
      }
    }
  }
  return {
    name: found.stage.name,
    description: description(comments, found.node, found.stage.name),
    args: [...args.values()],
    secrets: [...secrets.values()],
    ssh: [...ssh.values()],
  }
}

function read(text: string | Uint8Array, options: Options): Evaluated {
  const { file = 'Dockerfile' } = options
  const document = readDocument(text, file)
  return evaluate(document, parseDocument(document), options)
}

const argNames = (instruction: Instruction) =>
  instruction.kind === 'arg' ? instruction.args.map(({ name }) => name) : []

/** The description of a name in the comment above: `# name description`. */
function description(comments: ReadonlyMap<Node, string>, node: Node, name: string | undefined): string | undefined {
  const [first, ...words] = comments.get(node)?.split(' ') ?? []
  return name !== undefined && first?.toLowerCase() === name.toLowerCase() ? words.join(' ').trim() : undefined
}

export function stageNamed(stages: readonly EvaluatedStage[], name: string): EvaluatedStage | undefined {
  return (
    stages.findLast(({ stage }) => stage.name === name.toLowerCase()) ??
    (/^\d+$/.test(name) ? stages[Number(name)] : undefined)
  )
}

/** The stages that a stage needs, in the order of the file, itself included. */
export function reachable({ stages }: Pick<Evaluated, 'stages'>, target: EvaluatedStage): ReadonlySet<EvaluatedStage> {
  const needed = new Set([target])
  // What is needed stands above: one walk from the last stage to the first finds everything.
  for (const checked of [...stages].reverse()) {
    if (!needed.has(checked)) continue
    if (checked.parent) needed.add(checked.parent)
    const above = stages.slice(0, checked.stage.index)
    for (const { instruction } of checked.steps) {
      for (const name of sourceStages(instruction)) {
        const other = stageNamed(above, name)
        if (other) needed.add(other)
      }
    }
  }
  return new Set(stages.filter((stage) => needed.has(stage)))
}

/** Names of stages or images that an instruction takes files from. */
export function sourceStages(instruction: Instruction): string[] {
  if (instruction.kind === 'copy' || instruction.kind === 'add') {
    return instruction.flags.flatMap(({ name, value }) => (name === 'from' && value ? [value] : []))
  }
  return mountsOf(instruction).flatMap(({ fields }) => (fields.from ? [fields.from] : []))
}

interface Mount {
  readonly flag: Flag
  /** By their first names, as they are written. `type` is `bind` where it is not given; a field without a value is empty. */
  readonly fields: Readonly<Record<string, string | undefined>>
}

/** The mounts of a RUN. */
export function mountsOf(instruction: Instruction): Mount[] {
  if (instruction.kind !== 'run') return []
  return instruction.flags.flatMap((flag) => {
    if (flag.name !== 'mount') return []
    const fields: Record<string, string | undefined> = Object.create(null)
    fields.type = 'bind'
    for (const { key, value } of flag.fields ?? []) fields[optionName(key.text)] = value?.text ?? ''
    fields.type = fields.type?.toLowerCase()
    return [{ flag, fields }]
  })
}
