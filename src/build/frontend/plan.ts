import { type Dockerfile, expand, type Stage as ParsedStage, type RunInstruction } from '../../dockerfile/mod.ts'
import { nearest, StrakeError } from '../../lib/mod.ts'
import { hostPlatform, type Platform } from '../../oci/mod.ts'
import type { BuildOptions } from '../types.ts'
import { flag } from './flags.ts'
import { readStage } from './read-stage.ts'
import type { Sources } from './sources.ts'
import type { Stage } from './stage.ts'

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

/**
 * Turns the stages that the targets need into a graph, and gives the target's stages. Throws `invalid` with the place in the
 * Dockerfile.
 */
export async function plan(dockerfile: Dockerfile, sources: Sources, options: BuildOptions): Promise<Stage[]> {
  const targets = targetsOf(options).map((name) => findTarget(dockerfile, name))
  const platform = options.platform ?? hostPlatform
  const globals = readGlobals(dockerfile, platform, options.buildArgs ?? {})
  const needed = neededStages(dockerfile, targets, globals)
  const total = countSteps(dockerfile, needed)
  const counter = { vertex: 0, step: 0, total }
  const stages = new Map<number, Stage>()
  for (const parsed of dockerfile.stages) {
    if (!needed.has(parsed.index)) continue
    const reader = { dockerfile, sources, options, platform, globals, stages, counter }
    stages.set(parsed.index, await readStage(reader, parsed))
  }
  return targets.map(({ index }) => stages.get(index)!)
}

/** Names of the stages to build; undefined is the last one. */
export function targetsOf({ target }: Pick<BuildOptions, 'target'>): (string | undefined)[] {
  const names = target === undefined || typeof target === 'string' ? [target] : [...new Set(target)]
  return names.length ? names.map((name) => name || undefined) : [undefined]
}

function findTarget(dockerfile: Dockerfile, target: string | undefined): ParsedStage {
  const last = dockerfile.stages.at(-1)
  if (!last)
    throw new StrakeError('invalid', 'no build stage in current context', { hint: 'A Dockerfile begins with FROM.' })
  if (target === undefined || target === '') return last
  const found = stageNamed(dockerfile, target, dockerfile.stages.length)
  if (found) return found
  const near = nearest(target, stageNames(dockerfile))
  throw new StrakeError('not_found', `target stage "${target}" could not be found`, {
    hint: near
      ? `Did you mean ${near}?`
      : `The stages are: ${stageNames(dockerfile).join(', ') || 'all without a name'}`,
  })
}

function stageNames(dockerfile: Dockerfile): string[] {
  return dockerfile.stages.flatMap(({ name }) => (name ? [name] : []))
}

/** The stage before `index` with that name (the last one wins) or number. */
export function stageNamed(dockerfile: Dockerfile, name: string, index: number): ParsedStage | undefined {
  const before = dockerfile.stages.slice(0, index)
  return (
    before.findLast((stage) => stage.name === name.toLowerCase()) ??
    (/^\d+$/.test(name) ? before[Number(name)] : undefined)
  )
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

function neededStages(
  dockerfile: Dockerfile,
  targets: readonly ParsedStage[],
  globals: ReadonlyMap<string, string | undefined>,
): Set<number> {
  const needed = new Set<number>()
  const visit = (stage: ParsedStage) => {
    if (needed.has(stage.index)) return
    needed.add(stage.index)
    const base = stageNamed(
      dockerfile,
      expand(stage.from.image, (name) => globals.get(name), dockerfile.escape),
      stage.index,
    )
    if (base) visit(base)
    for (const instruction of stage.instructions) {
      if (instruction.kind === 'run') {
        for (const name of mountedStages(instruction)) {
          const other = stageNamed(dockerfile, name, stage.index)
          if (other) visit(other)
        }
      }
      if (instruction.kind !== 'copy' && instruction.kind !== 'add') continue
      const from = flag(instruction, 'from')
      const other = from === undefined ? undefined : stageNamed(dockerfile, from, stage.index)
      if (other) visit(other)
    }
  }
  for (const target of targets) visit(target)
  return needed
}

/** What `from` of its mounts names; a number is no stage there. */
function mountedStages({ flags }: RunInstruction): string[] {
  return flags
    .filter(({ name }) => name === 'mount')
    .flatMap(({ fields = [] }) => fields.filter(({ key }) => key.text.toLowerCase() === 'from'))
    .flatMap(({ value }) => (value && !/^\d+$/.test(value.text) ? [value.text] : []))
}

function countSteps(dockerfile: Dockerfile, needed: ReadonlySet<number>): number {
  let count = 0
  for (const stage of dockerfile.stages) if (needed.has(stage.index)) count += 1 + stage.instructions.length
  return count
}
