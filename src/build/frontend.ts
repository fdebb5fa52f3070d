import {
  type CopyInstruction,
  type Dockerfile,
  expand,
  type Instruction,
  parseTrigger,
  type RunInstruction,
  type Stage as ParsedStage,
} from '../dockerfile/mod.ts'
import { nearest, type SourceRange, StrakeError } from '../lib/mod.ts'
import { hostPlatform, type ImageConfig, type Platform } from '../oci/mod.ts'
import type { BuildOptions } from './types.ts'
import type { Operation, OperationVertex, Vertex } from './graph.ts'
import {
  applyConfig,
  destinationOf,
  type Evaluation,
  expandWord,
  proxyArgs,
  shellOf,
  workdir,
} from './instructions.ts'
import { addOperation, copyFromContext, copyFromRoot, type LocalSource } from './operations/mod.ts'
import { runOperation } from './operations/run.ts'
import { workdirOperation } from './operations/workdir.ts'
import { inheritConfig, type Stage } from './stage.ts'

/** What a base or a named context turns out to be. */
export type Base =
  | { readonly kind: 'image'; readonly config: ImageConfig; readonly vertex: (id: string, name: string) => Vertex }
  | { readonly kind: 'directory'; readonly source: LocalSource }

/** Finds what a Dockerfile names and is not in it. */
export interface Sources {
  /** The context of the build. */
  readonly context: LocalSource
  /** An image, or a named context. */
  base(name: string, range: SourceRange): Promise<Base>
}

export interface Plan {
  readonly stage: Stage
}

/** Names of the arguments that tell the platforms; they are there before the first FROM, and by ARG in a stage. */
export function platformArgs(build: Platform, target: Platform): Map<string, string> {
  const of = (prefix: string, { os, architecture, variant }: Platform) =>
    [
      [`${prefix}PLATFORM`, [os, architecture, ...(variant ? [variant] : [])].join('/')],
      [`${prefix}OS`, os],
      [`${prefix}ARCH`, architecture],
      [`${prefix}VARIANT`, variant ?? ''],
    ] as const
  return new Map([...of('BUILD', build), ...of('TARGET', target)])
}

/** Turns the stages that the target needs into a graph. Throws `invalid` with the place in the Dockerfile. */
export async function plan(dockerfile: Dockerfile, sources: Sources, options: BuildOptions): Promise<Plan> {
  const target = findTarget(dockerfile, options.target)
  const platform = options.platform ?? hostPlatform
  const globals = readGlobals(dockerfile, platform, options.buildArgs ?? {})
  const needed = neededStages(dockerfile, target, globals)
  const total = countSteps(dockerfile, needed)
  const counter = { vertex: 0, step: 0, total }
  const stages = new Map<number, Stage>()
  for (const parsed of dockerfile.stages) {
    if (!needed.has(parsed.index)) continue
    const reader = { dockerfile, sources, options, platform, globals, stages, counter }
    stages.set(parsed.index, await readStage(reader, parsed))
  }
  return { stage: stages.get(target.index)! }
}

function findTarget(dockerfile: Dockerfile, target: string | undefined): ParsedStage {
  const last = dockerfile.stages.at(-1)
  if (!last) throw new StrakeError('invalid', 'no build stage in current context', { hint: 'A Dockerfile begins with FROM.' })
  if (target === undefined || target === '') return last
  const found = stageNamed(dockerfile, target, dockerfile.stages.length)
  if (found) return found
  const near = nearest(target, stageNames(dockerfile))
  throw new StrakeError('not_found', `target stage "${target}" could not be found`, {
    hint: near ? `Did you mean ${near}?` : `The stages are: ${stageNames(dockerfile).join(', ') || 'all without a name'}`,
  })
}

function stageNames(dockerfile: Dockerfile): string[] {
  return dockerfile.stages.flatMap(({ name }) => (name ? [name] : []))
}

/** The stage before `index` with that name (the last one wins) or number. */
function stageNamed(dockerfile: Dockerfile, name: string, index: number): ParsedStage | undefined {
  const before = dockerfile.stages.slice(0, index)
  return before.findLast((stage) => stage.name === name.toLowerCase()) ?? (/^\d+$/.test(name) ? before[Number(name)] : undefined)
}

function readGlobals(dockerfile: Dockerfile, platform: Platform, buildArgs: Readonly<Record<string, string>>) {
  const globals = new Map<string, string | undefined>(platformArgs(hostPlatform, platform))
  for (const name of globals.keys()) if (buildArgs[name] !== undefined) globals.set(name, buildArgs[name])
  for (const { args } of dockerfile.globals) {
    for (const { name, value } of args) {
      const own = value && expand(value, (other) => globals.get(other), dockerfile.escape)
      globals.set(name, buildArgs[name] ?? own ?? globals.get(name))
    }
  }
  return globals
}

function neededStages(dockerfile: Dockerfile, target: ParsedStage, globals: ReadonlyMap<string, string | undefined>): Set<number> {
  const needed = new Set<number>()
  const visit = (stage: ParsedStage) => {
    if (needed.has(stage.index)) return
    needed.add(stage.index)
    const base = stageNamed(dockerfile, expand(stage.from.image, (name) => globals.get(name), dockerfile.escape), stage.index)
    if (base) visit(base)
    for (const instruction of stage.instructions) {
      if (instruction.kind !== 'copy' && instruction.kind !== 'add') continue
      const from = flag(instruction, 'from')
      const other = from === undefined ? undefined : stageNamed(dockerfile, from, stage.index)
      if (other) visit(other)
    }
  }
  visit(target)
  return needed
}

function countSteps(dockerfile: Dockerfile, needed: ReadonlySet<number>): number {
  let count = 0
  for (const stage of dockerfile.stages) if (needed.has(stage.index)) count += 1 + stage.instructions.length
  return count
}

interface Reader {
  readonly dockerfile: Dockerfile
  readonly sources: Sources
  readonly options: BuildOptions
  readonly platform: Platform
  readonly globals: ReadonlyMap<string, string | undefined>
  readonly stages: ReadonlyMap<number, Stage>
  readonly counter: { vertex: number; step: number; readonly total: number }
}

async function readStage(reader: Reader, parsed: ParsedStage): Promise<Stage> {
  const { dockerfile, globals, options } = reader
  const stage = await openStage(reader, parsed)
  const evaluation: Evaluation = { stage, escape: dockerfile.escape, buildArgs: options.buildArgs ?? {}, globals }
  const triggers = stage.triggers.map((text) => parseTrigger(text))
  const instructions = [...triggers, ...parsed.instructions]
  const label = parsed.name ?? (dockerfile.stages.length > 1 ? `stage-${parsed.index}` : '')
  const fileSteps = instructions.filter(({ kind }) => isLayer(kind)).length + 1
  let fileStep = 1
  for (const instruction of instructions) {
    if (isLayer(instruction.kind)) fileStep++
    const prefix = `[${label}${label && ' '}${fileStep}/${fileSteps}]`
    const step = triggers.includes(instruction) ? undefined : nextStep(reader, instruction.original)
    await readInstruction({ reader, evaluation, instruction, step, prefix, parsed })
  }
  return stage
}

function isLayer(kind: Instruction['kind']): boolean {
  return kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir'
}

function nextStep({ counter }: Reader, text: string) {
  return { index: ++counter.step, total: counter.total, text }
}

async function openStage(reader: Reader, parsed: ParsedStage): Promise<Stage & { readonly triggers: readonly string[] }> {
  const { dockerfile, sources, stages, counter, globals, platform } = reader
  const { from } = parsed
  const name = expand(from.image, (variable) => globals.get(variable), dockerfile.escape)
  if (name === '') {
    throw new StrakeError('invalid', `base name (${from.image.text}) should not be blank`, {
      range: from.image.range,
      hint: 'Give the variable a default with ARG before the first FROM, or a value with --build-arg.',
    })
  }
  const label = parsed.name ?? (dockerfile.stages.length > 1 ? `stage-${parsed.index}` : '')
  const step = nextStep(reader, from.original)
  const id = `v${++counter.vertex}`
  const vertexName = `[${label}${label && ' '}1/${parsed.instructions.filter(({ kind }) => isLayer(kind)).length + 1}] ${from.original}`
  const fresh = { name: parsed.name, index: parsed.index, platform, cmdSet: false, history: [] as Stage['history'][number][] }
  const other = stageNamed(dockerfile, name, parsed.index)
  if (other) {
    const base = stages.get(other.index)!
    return {
      ...fresh,
      platform: base.platform,
      top: { kind: 'config', id, name: vertexName, step, input: base.top },
      config: inheritConfig(base.config, false),
      author: base.author,
      inherited: base.inherited,
      history: [...base.history],
      args: new Map(base.args),
      triggers: base.config.OnBuild ?? [],
    }
  }
  const blank = { ...fresh, author: undefined, inherited: [], args: new Map<string, string | undefined>(), triggers: [] }
  const nothing: Vertex = { kind: 'source', id, name: vertexName, step, snapshot: undefined, chainId: undefined }
  if (name === 'scratch') return { ...blank, top: nothing, config: inheritConfig(undefined, true) }
  const base = await sources.base(name, from.image.range)
  if (base.kind === 'directory') {
    const operation = copyFromContext(base.source, ['.'], { destination: '/', vertex: `${id}-files` })
    const files: Vertex = { kind: 'operation', id: `${id}-files`, name: `${vertexName} (files)`, step: undefined, operation, inputs: [nothing] }
    return { ...blank, top: files, config: inheritConfig(undefined, true) }
  }
  const { config } = base
  return {
    ...blank,
    platform: config,
    top: { ...base.vertex(id, vertexName), step },
    config: inheritConfig(config.config, false),
    author: config.author,
    inherited: config.history ?? [],
    triggers: config.config?.OnBuild ?? [],
  }
}

interface Reading {
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
  const name = `${prefix} ${instruction.original}`
  try {
    switch (instruction.kind) {
      case 'run':
        return addLayer(stage, { id, name, step, ...readRun(reading, instruction, id) })
      case 'copy':
      case 'add':
        return addLayer(stage, { id, name, step, ...(await readCopy(reading, instruction, id)) })
      case 'workdir': {
        const path = workdir(stage.config, expandWord(evaluation, instruction.word))
        stage.config.WorkingDir = path
        const operation = workdirOperation(path, stage.config.User ?? '')
        return addLayer(stage, { id, name, step, operation, line: `WORKDIR ${path}` })
      }
      default: {
        const line = applyConfig(evaluation, instruction)
        stage.top = { kind: 'config', id, name, step, input: stage.top }
        if (line !== undefined) {
          const entry = { created_by: line, comment: historyComment, empty_layer: true }
          stage.history.push({ entry, vertex: undefined })
        }
      }
    }
  } catch (error) {
    if (!(error instanceof StrakeError) || error.range) throw error
    const { code, message, hint, cause } = error
    throw new StrakeError(code, message, { hint, cause, range: instruction.range })
  }
}

const historyComment = 'buildkit.dockerfile.v0'

interface Layer {
  readonly id: string
  readonly name: string
  readonly step: Vertex['step']
  readonly operation: Operation
  /** The line of the history. */
  readonly line: string
  readonly from?: Vertex | undefined
}

function addLayer(stage: Stage, { id, name, step, operation, line, from }: Layer): void {
  const inputs: OperationVertex['inputs'] = from ? [stage.top, from] : [stage.top]
  const vertex: Vertex = { kind: 'operation', id, name, step, operation, inputs }
  stage.top = vertex
  stage.history.push({ entry: { created_by: line, comment: historyComment }, vertex })
}

function readRun({ reader, evaluation }: Reading, instruction: RunInstruction, id: string) {
  const { stage, buildArgs } = evaluation
  const { config } = stage
  const { command } = instruction
  const network = flag(instruction, 'network') ?? reader.options.network ?? 'default'
  const shell = shellOf(config)
  const script = command.form === 'shell' ? heredocScript(command, shell) : undefined
  const args = command.form === 'exec' ? command.args : (script?.args ?? [...shell, command.line])
  const shown = command.form === 'exec' ? command.args.join(' ') : (script?.shown ?? [...shell, command.line].join(' '))
  const declared = [...stage.args].map(([name, value]) => `${name}=${value ?? ''}`)
  const inEffect = [...stage.args].filter(([name, value]) => value !== undefined && !proxyArgs.includes(name))
  const env = [...(config.Env ?? [])]
  for (const [name, value] of inEffect) if (!env.some((pair) => pair.startsWith(`${name}=`))) env.push(`${name}=${value}`)
  const operation = runOperation({
    args,
    env,
    hiddenEnv: proxyArgs.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`])),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    network: network as 'default' | 'host' | 'none',
    addHosts: reader.options.addHosts ?? [],
    scripts: script?.files ?? {},
    command: command.form === 'exec' ? command.args.join(' ') : command.line,
    range: instruction.range,
    vertex: id,
  })
  const prefix = declared.length ? `|${declared.length} ${declared.join(' ')} ` : ''
  return { operation, line: `RUN ${prefix}${shown} # buildkit` }
}

/** `RUN <<EOF`: the document is the script, of the shell or of the interpreter that its first line names. */
function heredocScript(command: Extract<RunInstruction['command'], { form: 'shell' }>, shell: readonly string[]) {
  const { line, heredocs } = command
  if (!heredocs.length) return undefined
  const [first] = heredocs
  const alone = /^<<-?(["']?)[^\s"'<>]+\1$/.test(line.trim())
  if (alone && first) {
    if (!first.content.startsWith('#!')) {
      return { args: [...shell, first.content], shown: [...shell, first.content].join(' '), files: {} }
    }
    const path = `/dev/pipes/${first.name}`
    return { args: [...shell, path], shown: [...shell, path].join(' '), files: { [path]: Buffer.from(first.content) } }
  }
  const full = `${line}\n${heredocs.map(({ content, name }) => `${content}${name}`).join('\n')}`
  return { args: [...shell, full], shown: [...shell, full].join(' '), files: {} }
}

async function readCopy({ reader, evaluation, parsed }: Reading, instruction: CopyInstruction, id: string) {
  const { stage } = evaluation
  const { dockerfile, sources } = reader
  const one = (word: Parameters<typeof expandWord>[1]) => expandWord(evaluation, word)
  const names = instruction.sources.map(one)
  const written = one(instruction.destination)
  const destination = destinationOf(stage.config, written)
  const value = (name: string) => {
    const raw = flag(instruction, name)
    return raw === undefined ? undefined : expand(raw, (variable) => stage.args.get(variable) ?? envOf(evaluation, variable), dockerfile.escape)
  }
  const chown = value('chown')
  const chmod = value('chmod')
  const word = instruction.kind.toUpperCase()
  if (names.length + instruction.heredocs.length > 1 && !destination.endsWith('/')) {
    throw new StrakeError('invalid', `When using ${word} with more than one source file, the destination must be a directory and end with a /`, {
      range: instruction.destination.range,
      hint: `Write ${written}/`,
    })
  }
  const flags = [chown && `--chown=${chown} `, chmod && `--chmod=${chmod} `].filter(Boolean).join('')
  const heredocs = instruction.heredocs.map(({ name, content, expand: expands }) => ({
    name,
    bytes: Buffer.from(expands ? expand(content, (variable) => envOf(evaluation, variable), dockerfile.escape) : content),
  }))
  const sourceWords = [...names, ...instruction.heredocs.map(({ name }) => `<<${name}`)]
  const line = `${word} ${flags}${sourceWords.join(' ')} ${written} # buildkit`
  const options = {
    destination,
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod: parseMode(chmod, instruction.range) }),
    ...(heredocs.length && { heredocs }),
    vertex: id,
  }
  if (instruction.kind === 'add') return { operation: addOperation(sources.context, names, options), line }
  const from = value('from')
  if (from === undefined) return { operation: copyFromContext(sources.context, names, options), line }
  const other = stageNamed(dockerfile, from, parsed.index)
  if (other) {
    const vertex = reader.stages.get(other.index)!.top
    return { operation: copyFromRoot(`stage ${from}`, names, options), line, from: vertex }
  }
  const base = await sources.base(from, instruction.range)
  if (base.kind === 'directory') return { operation: copyFromContext(base.source, names, options), line }
  const vertex = base.vertex(`${id}-from`, `FROM ${from}`)
  return { operation: copyFromRoot(from, names, options), line, from: vertex }
}

function envOf(evaluation: Evaluation, name: string): string | undefined {
  const prefix = `${name}=`
  const set = evaluation.stage.config.Env?.find((pair) => pair.startsWith(prefix))
  return set?.slice(prefix.length) ?? evaluation.stage.args.get(name)
}

function flag(instruction: { readonly flags: RunInstruction['flags'] }, name: string): string | undefined {
  return instruction.flags.findLast((candidate) => candidate.name === name)?.value
}

function parseMode(mode: string, range: SourceRange): number {
  if (!/^[0-7]{1,5}$/.test(mode) || Number.parseInt(mode, 8) > 0o7777) {
    throw new StrakeError('invalid', `invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`, {
      range,
      hint: 'For example --chmod=755.',
    })
  }
  return Number.parseInt(mode, 8)
}
