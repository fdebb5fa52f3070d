import { type Dockerfile, type Instruction, type Stage as ParsedStage, parseTrigger } from '../../dockerfile/mod.ts'
import { type SourceRange, StrakeError } from '../../lib/mod.ts'
import type { Platform } from '../../oci/mod.ts'
import type { Operation, OperationVertex, Vertex } from '../graph.ts'
import { copyFromContext } from '../operations/copy.ts'
import { mergeOperation } from '../operations/merge.ts'
import { workdirOperation } from '../operations/workdir.ts'
import { applyConfig, type Evaluation, expandWord, workdir } from './instructions.ts'
import { baseStage, type Counter, isReplaced, type PlanOptions, withStageMeant } from './plan.ts'
import { platformLabel } from './platform-label.ts'
import { readCopy } from './read-copy.ts'
import type { From } from './read-from.ts'
import { readRun } from './read-run.ts'
import { scanArgs } from './scan-args.ts'
import type { Sources } from './sources.ts'
import { envOf, inheritConfig, type Stage } from './stage.ts'

/** What reading the stages of one Dockerfile needs. */
export interface Reader {
  readonly dockerfile: Dockerfile
  readonly sources: Sources
  readonly options: PlanOptions
  readonly platform: Platform
  /** SOURCE_DATE_EPOCH in nanoseconds. */
  readonly created: bigint | undefined
  /** For a reproducible image: no time in its own layers is later. Nanoseconds since the epoch. */
  readonly epoch: bigint | undefined
  readonly globals: ReadonlyMap<string, string | undefined>
  /** The FROM of each stage. */
  readonly froms: readonly From[]
  /** A stage of this Dockerfile, read when somebody first asks for it. */
  readonly stage: (parsed: ParsedStage) => Promise<Stage>
  readonly counter: Counter
}

export async function readStage(reader: Reader, parsed: ParsedStage): Promise<Stage> {
  const { dockerfile, globals, options } = reader
  const stage = await openStage(reader, parsed)
  const evaluation: Evaluation = { stage, escape: dockerfile.escape, buildArgs: options.buildArgs ?? {}, globals }
  const triggers = stage.triggers.map((text) => parseTrigger(text))
  const instructions = isReplaced(reader, parsed) ? [] : [...triggers, ...parsed.instructions]
  const label = parsed.name ?? (dockerfile.stages.length > 1 ? `stage-${parsed.index}` : '')
  const fileSteps = instructions.filter(({ kind }) => isLayer(kind)).length + 1
  let fileStep = 1
  for (const instruction of instructions) {
    const number = isLayer(instruction.kind) ? `${++fileStep}/${fileSteps}` : undefined
    const platform = platformLabel(reader, stage)
    const prefix = prefixOf(platform, label, number)
    const step = triggers.includes(instruction) ? undefined : nextStep(reader, instruction.original, platform)
    await readInstruction({ reader, evaluation, instruction, step, prefix, parsed })
  }
  stage.scan = scanArgs(parsed, stage, globals)
  return stage
}

function isLayer(kind: Instruction['kind']): boolean {
  return kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir'
}

function nextStep({ counter }: Reader, text: string, platform: string | undefined) {
  return { index: ++counter.step, total: counter.total, text, ...(platform && { platform }) }
}

/** What stands before the instruction in the name of its vertex. What makes no layer has no number, so that none seems to come twice. */
function prefixOf(...words: readonly (string | undefined)[]): string {
  const known = words.filter(Boolean)
  return known.length > 0 ? `[${known.join(' ')}] ` : ''
}

async function openStage(
  reader: Reader,
  parsed: ParsedStage,
): Promise<Stage & { readonly triggers: readonly string[] }> {
  const { dockerfile, sources, counter, platform } = reader
  const { from } = parsed
  const replaced = isReplaced(reader, parsed)
  const wanted = reader.froms[parsed.index]!
  const name = replaced ? parsed.name! : wanted.name
  const label = parsed.name ?? (dockerfile.stages.length > 1 ? `stage-${parsed.index}` : '')
  const other = replaced ? undefined : baseStage(dockerfile, name, parsed.index)
  const below = other && (await reader.stage(other))
  const runsOn = below?.runsOn ?? wanted.platform ?? platform
  const shown = platformLabel(reader, { runsOn, env: new Map() })
  const step = nextStep(reader, from.original, shown)
  const id = `v${++counter.vertex}`
  const count = parsed.instructions.filter(({ kind }) => isLayer(kind)).length + 1
  const vertexName = `${prefixOf(shown, label, `1/${count}`)}${from.original}`
  const fresh = {
    name: parsed.name,
    index: parsed.index,
    platform,
    runsOn,
    cmdSet: false,
    scan: { stage: false, context: false },
    scanned: { stages: [], context: false },
    history: [] as Stage['history'][number][],
  }
  if (below) {
    return {
      ...fresh,
      platform: below.platform,
      top: { kind: 'config', id, name: vertexName, step, input: below.top },
      config: inheritConfig(below.config, false),
      author: below.author,
      inherited: below.inherited,
      history: [...below.history],
      args: new Map(below.args),
      env: new Map(below.env),
      triggers: below.config.OnBuild ?? [],
    }
  }
  const blank = {
    ...fresh,
    author: undefined,
    inherited: [],
    args: new Map<string, string | undefined>(),
    triggers: [],
  }
  const empty = nothing(id, vertexName, step)
  const fromScratch = inheritConfig(undefined, true)
  if (name === 'scratch' && !replaced) return { ...blank, top: empty, config: fromScratch, env: envOf(fromScratch) }
  const base = await sources.base(name, from.image.range, runsOn).catch((error: unknown) => {
    throw withStageMeant(error, dockerfile, name, parsed.index)
  })
  if (base.kind === 'directory') {
    const operation = copyFromContext(base.source, ['.'], {
      destination: '/',
      ...(reader.epoch !== undefined && { epoch: reader.epoch }),
      vertex: `${id}-files`,
    })
    const files: Vertex = {
      kind: 'operation',
      id: `${id}-files`,
      name: `${vertexName} (files)`,
      step: undefined,
      operation,
      inputs: [empty],
    }
    return { ...blank, top: files, config: fromScratch, env: envOf(fromScratch) }
  }
  const { config } = base
  const inherited = inheritConfig(config.config, false)
  return {
    ...blank,
    platform: config,
    top: { ...base.vertex(id, vertexName), step },
    config: inherited,
    env: envOf(inherited),
    author: config.author,
    inherited: config.history ?? [],
    triggers: config.config?.OnBuild ?? [],
  }
}

/** One instruction that is being read. */
export interface Reading {
  readonly reader: Reader
  readonly evaluation: Evaluation
  readonly instruction: Instruction
  readonly step: Vertex['step']
  readonly prefix: string
  readonly parsed: ParsedStage
}

async function readInstruction(reading: Reading): Promise<void> {
  const { reader, evaluation, instruction, step, prefix } = reading
  const { stage } = evaluation
  const id = `v${++reader.counter.vertex}`
  const { range, original } = instruction
  const name = `${prefix}${original}`
  try {
    switch (instruction.kind) {
      case 'run':
        return addLayer(stage, { id, name, step, range, ...(await readRun(reading, instruction, id)) })
      case 'copy':
      case 'add':
        return addLayer(stage, { id, name, step, range, ...(await readCopy(reading, instruction, id)) })
      case 'workdir': {
        const path = workdir(stage.config, expandWord(evaluation, instruction.word))
        stage.config.WorkingDir = path
        if (path === '/') {
          addConfig(stage, { id, name, step }, 'WORKDIR /')
          return
        }
        const operation = workdirOperation(path, {
          user: stage.config.User ?? '',
          created: reader.created,
          epoch: reader.epoch,
        })
        return addLayer(stage, { id, name, step, range, operation, line: `WORKDIR ${path}` })
      }
      default: {
        addConfig(stage, { id, name, step }, applyConfig(evaluation, instruction))
      }
    }
  } catch (error) {
    if (!(error instanceof StrakeError) || error.range) throw error
    const { code, message, hint, cause } = error
    throw new StrakeError(code, message, { hint, cause, range })
  }
}

const historyComment = 'buildkit.dockerfile.v0'

interface Layer {
  readonly id: string
  readonly name: string
  readonly step: Vertex['step']
  readonly range: SourceRange
  readonly operation: Operation
  /** The line of the history. */
  readonly line: string
  readonly from?: Vertex | undefined
  /** Made on nothing, and put on top then. */
  readonly link?: boolean
  /** What mounts of the step read. */
  readonly mounted?: readonly Vertex[]
}

function addConfig(stage: Stage, vertex: Pick<Layer, 'id' | 'name' | 'step'>, line: string | undefined): void {
  stage.top = { kind: 'config', ...vertex, stage: stage.name, input: stage.top }
  if (line === undefined) return
  stage.history.push({ entry: { created_by: line, comment: historyComment, empty_layer: true }, vertex: undefined })
}

function addLayer(stage: Stage, { id, name, step, range, operation, line, from, mounted = [], link }: Layer): void {
  const below = link ? nothing(`${id}-below`, `${name} (nothing below)`) : stage.top
  const inputs: OperationVertex['inputs'] = from ? [below, from] : [below, ...mounted]
  const vertex: Vertex = { kind: 'operation', id, name, step, range, stage: stage.name, operation, inputs }
  stage.top = link ? linked(stage.top, vertex) : vertex
  stage.history.push({ entry: { created_by: line, comment: historyComment }, vertex: stage.top })
}

function linked(below: Vertex, layer: OperationVertex): Vertex {
  const { id, name } = layer
  const inputs = [below, layer] as const
  return {
    kind: 'operation',
    id: `${id}-link`,
    name: `${name} (link)`,
    step: undefined,
    operation: mergeOperation(),
    inputs,
  }
}

function nothing(id: string, name: string, step?: Vertex['step']): Vertex {
  return { kind: 'source', id, name, step, snapshot: undefined, chainId: undefined }
}
