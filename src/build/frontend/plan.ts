import { type Dockerfile, expand, type Flag, type Stage as ParsedStage, platformArgs } from '../../dockerfile/mod.ts'
import { nearest, StrakeError } from '../../lib/mod.ts'
import { formatPlatform, hostPlatform, type Platform } from '../../oci/mod.ts'
import type { BuildOptions } from '../types.ts'
import { type From, readFroms } from './read-from.ts'
import { readStage } from './read-stage.ts'
import { scannedBeside } from './scan-args.ts'
import type { Sources } from './sources.ts'
import type { Stage } from './stage.ts'

export interface PlanOptions extends Omit<BuildOptions, 'platform'> {
  /** The platform of the images. */
  readonly platform: Platform
  /** There are plans for others: names of steps tell the platform. */
  readonly isOneOfSeveral?: boolean
  /** SOURCE_DATE_EPOCH in nanoseconds. */
  readonly created: bigint | undefined
  /** For a reproducible image: no time in its own layers is later. Nanoseconds since the epoch. */
  readonly epoch: bigint | undefined
}

/** Numbers of vertices and steps; several plans that become one graph share it. */
export interface Counter {
  vertex: number
  step: number
  total: number
}

/**
 * Turns the stages that the targets need into a graph, and gives the target's stages. Throws `invalid` with the place in the
 * Dockerfile.
 */
export async function plan(
  dockerfile: Dockerfile,
  sources: Sources,
  { counter = { vertex: 0, step: 0, total: 0 }, ...options }: PlanOptions & { readonly counter?: Counter },
): Promise<Stage[]> {
  const targets = targetsOf(options).map((name) => findTarget(dockerfile, name))
  const { platform, created, epoch } = options
  const globals = readGlobals(dockerfile, platform, options)
  const froms = readFroms(dockerfile, globals)
  const needed = neededStages(dockerfile, targets, { froms, sources, platform })
  const stages = new Map<number, Promise<Stage>>()
  const reader = { dockerfile, sources, options, platform, created, epoch, globals, froms, counter, stage }

  function stage(parsed: ParsedStage): Promise<Stage> {
    let read = stages.get(parsed.index)
    if (!read) {
      // A trigger of an image may ask for one that nothing else needs.
      if (!needed.has(parsed)) counter.total += stepsOf(parsed)
      read = readStage(reader, parsed)
      stages.set(parsed.index, read)
    }
    return read
  }

  for (const parsed of needed) counter.total += stepsOf(parsed)
  for (const parsed of dockerfile.stages) if (needed.has(parsed)) await stage(parsed)
  const read = await Promise.all(stages.values())
  const found = await Promise.all(targets.map(stage))
  return found.map((target) => ({ ...target, scanned: scannedBeside(target, read) }))
}

/** The platforms to build for, each once: without any, this machine's. */
export function platformsOf({ platform }: Pick<BuildOptions, 'platform'>): Platform[] {
  const byName = new Map([platform ?? []].flat().map((one) => [formatPlatform(one), one]))
  return byName.size ? [...byName.values()] : [hostPlatform]
}

/** Names of the stages to build; undefined is the last one. */
export function targetsOf({ target }: Pick<BuildOptions, 'target'>): (string | undefined)[] {
  const names = target === undefined || typeof target === 'string' ? [target] : [...new Set(target)]
  return names.length ? names.map((name) => name || undefined) : [undefined]
}

const stepsOf = ({ instructions }: ParsedStage) => 1 + instructions.length

function findTarget({ stages }: Dockerfile, target: string | undefined): ParsedStage {
  const last = stages.at(-1)
  if (!last)
    throw new StrakeError('invalid', 'no build stage in current context', { hint: 'A Dockerfile begins with FROM.' })
  if (target === undefined || target === '') return last
  const found = stages.findLast(({ name }) => name === target.toLowerCase())
  if (found) return found
  const names = stages.flatMap(({ name }) => name ?? [])
  const near = nearest(target, names)
  const list =
    names.length > 0 ? `The stages are: ${names.join(', ')}` : 'No stage has a name: write FROM image AS name.'
  throw new StrakeError('not_found', `target stage "${target}" could not be found`, {
    hint: near ? `Did you mean ${near}?` : list,
  })
}

/** The stage that FROM `name` stands on: one above, by its name as it is kept, in lower case. The last one wins. */
export function baseStage({ stages }: Dockerfile, name: string, index: number): ParsedStage | undefined {
  return stages.slice(0, index).findLast((stage) => stage.name === name)
}

/** The stage that `from` of a mount names: one above, by its name in any case; a number is none there. */
export function mountedStage({ stages }: Dockerfile, name: string, index: number): ParsedStage | undefined {
  return stages.slice(0, index).findLast((stage) => stage.name === name.toLowerCase())
}

/**
 * The stage that `COPY --from` names: by its number, or by its name in any case; undefined where it names something else.
 * Throws `invalid` for a number that is none, for the stage itself and for those below it.
 */
export function copiedStage({ stages }: Dockerfile, from: Flag, index: number): ParsedStage | undefined {
  const { value = '', range } = from
  const fail = (message: string, hint: string) => new StrakeError('invalid', message, { range, hint })
  const isIndex = /^[+-]?\d+$/.test(value)
  const found = isIndex ? stages[Number(value)] : stages.findLast(({ name }) => name === value.toLowerCase())
  if (!found) {
    if (isIndex)
      throw fail(
        `invalid stage index ${Number(value)}`,
        index === 0 ? 'No stage is above this one.' : `The stages above this one are 0 to ${index - 1}.`,
      )
    return undefined
  }
  const nameOf = (stage: ParsedStage) => stage.name ?? `stage-${stage.index}`
  if (found.index === index) {
    throw fail(
      `circular dependency detected on stage: ${nameOf(found)}`,
      'Name another stage; what is in this one already is copied with RUN cp.',
    )
  }
  if (found.index > index) {
    throw fail(
      `cannot copy from stage ${JSON.stringify(value)}, it needs to be defined before current stage "${nameOf(stages[index]!)}"`,
      `Move the stage ${value} above this one.`,
    )
  }
  return found
}

function readGlobals(dockerfile: Dockerfile, platform: Platform, options: Pick<BuildOptions, 'buildArgs' | 'target'>) {
  const { buildArgs = {} } = options
  const target = targetsOf(options).at(-1) ?? dockerfile.stages.at(-1)?.name ?? 'default'
  const globals = new Map<string, string | undefined>(platformArgs(hostPlatform, platform, target))
  for (const name of globals.keys()) if (buildArgs[name] !== undefined) globals.set(name, buildArgs[name])
  for (const { args } of dockerfile.globals) {
    for (const { name, value } of args) {
      const own = value && expand(value, (other) => globals.get(other), dockerfile.escape)
      globals.set(name, buildArgs[name] ?? own ?? globals.get(name))
    }
  }
  return globals
}

/** The target and all that it stands on and copies from, as far as the Dockerfile tells. */
function neededStages(
  dockerfile: Dockerfile,
  targets: readonly ParsedStage[],
  { froms, ...place }: { froms: readonly From[]; sources: Sources; platform: Platform },
): Set<ParsedStage> {
  const copied = dockerfile.stages.map((stage) => copiedStages(dockerfile, stage))
  const needed = new Set<ParsedStage>()
  const visit = (stage: ParsedStage) => {
    if (needed.has(stage)) return
    needed.add(stage)
    if (isReplaced(place, stage)) return
    const base = baseStage(dockerfile, froms[stage.index]!.name, stage.index)
    if (base) visit(base)
    for (const other of copied[stage.index]!) visit(other)
  }
  for (const target of targets) visit(target)
  return needed
}

/** Whether a named context stands in for the stage. */
export function isReplaced(
  { sources, platform }: { readonly sources: Sources; readonly platform: Platform },
  { name }: ParsedStage,
): boolean {
  return name !== undefined && sources.isContext(name, platform)
}

function copiedStages(dockerfile: Dockerfile, stage: ParsedStage): ParsedStage[] {
  return stage.instructions.flatMap((instruction) => {
    if (instruction.kind === 'run') {
      return mountedNames(instruction).flatMap((name) => mountedStage(dockerfile, name, stage.index) ?? [])
    }
    const from = instruction.kind === 'copy' && instruction.flags.find(({ name }) => name === 'from')
    return (from && copiedStage(dockerfile, from, stage.index)) || []
  })
}

function mountedNames({ flags }: { readonly flags: readonly Flag[] }): string[] {
  return flags
    .filter(({ name }) => name === 'mount')
    .flatMap(({ fields = [] }) => fields.filter(({ key }) => key.text.toLowerCase() === 'from'))
    .flatMap(({ value }) => value?.text ?? [])
}

/** The error with the stage that may have been meant, where a name is no image. */
export function withStageMeant(error: unknown, { stages }: Dockerfile, name: string, index: number): unknown {
  if (!(error instanceof StrakeError) || (error.code !== 'not_found' && error.code !== 'unavailable')) return error
  const meant = nearest(
    name,
    stages.slice(0, index).flatMap((stage) => stage.name ?? []),
  )
  if (meant === undefined) return error
  const { code, message, range, cause } = error
  return new StrakeError(code, message, { range, cause, hint: `Did you mean the stage ${meant}?` })
}
