import { basename, join, resolve } from 'node:path'
import { type Dockerfile, isTrue, parseDocument, readDocument } from '../dockerfile/mod.ts'
import type { Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import {
  familiarString,
  forThisMachine,
  hostPlatform,
  type ImageConfig,
  type Platform,
  parseReference,
  type Reference,
} from '../oci/mod.ts'
import type { Snapshot, Store } from '../store/mod.ts'
import type { Attestor } from './attestations/attestor.ts'
import { keyOf } from './cache.ts'
import { openContext } from './context/open.ts'
import { givenEpoch, inputsEpoch } from './epoch.ts'
import { checkFrontend, wantsMultiPlatform } from './frontend/built-ins.ts'
import { mergePlans } from './frontend/merge-plans.ts'
import { type PlanOptions, plan, platformsOf, targetsOf } from './frontend/plan.ts'
import { checkAllowed } from './frontend/run-rights.ts'
import type { Sources } from './frontend/sources.ts'
import { finishConfig, type Stage } from './frontend/stage.ts'
import type { FinishedImage } from './outputs/assemble.ts'
import { checkOutputs } from './outputs/check.ts'
import { exportOutput } from './outputs/export.ts'
import type { ExportedImage, Finished } from './outputs/finished.ts'
import type { BuildOutput } from './outputs/types.ts'
import type { BuildSubject } from './records/recorder.ts'
import { inSession } from './session.ts'
import { createSources } from './sources.ts'
import type { BuildOptions, BuildResult } from './types.ts'
import { warn } from './warn.ts'

/** Builds an image from a Dockerfile, and names it. What was finished before a failure stays in the cache. */
export async function build(store: Store, images: Images, asked: BuildOptions): Promise<BuildResult> {
  const options = withTimestamps(asked)
  const targets = targetsOf(options)
  const tags = assignTags(options.tags ?? [], targets)
  const given = givenEpoch(options)
  checkAllowed(options.allow)
  const outputs: readonly BuildOutput[] = options.outputs?.length ? options.outputs : [{ kind: 'image' }]
  const platforms = platformsOf(options)
  const isMultiPlatform = wantsMultiPlatform(options.buildArgs ?? {}) || platforms.length > 1
  const named = targets.map((target, i) => ({ target, tags: tags[i]! }))
  checkOutputs(outputs, { targets: named, isMultiPlatform, isAttested: options.attest !== undefined })
  const subject = { subject: subjectOf(options), options }
  return inSession({ store, images }, subject, async (session) => {
    const { execution, solver: open, finished: finishedSteps } = session
    const { lease, progress } = execution
    const opened = await openContext(execution, options)
    const { dockerfile: file, source } = opened
    try {
      checkFrontend(file, options.buildArgs ?? {})
      const document = readDocument(file.text, file.file)
      const dockerfile = parseDocument(document)
      for (const name of options.noCacheFilter ?? []) {
        if (dockerfile.stages.some((stage) => stage.name === name.toLowerCase())) continue
        progress({ kind: 'notice', level: 'warning', message: `--no-cache-filter: there is no stage ${name}` })
      }
      const sources = createSources(execution, images, { context: source, options })
      const { generator } = options.attest?.sbom ?? {}
      // A scanner that is not there is told before the build.
      if (generator !== undefined) await sources.base(generator, undefined, hostPlatform)
      const epoch = given ?? (options.reproducible ? await inputsEpoch(opened, options) : undefined)
      const stages = await planAll(dockerfile, sources, {
        options: atEpoch(options, epoch),
        platforms,
        isMultiPlatform,
      })
      warn({ document, dockerfile, context: source }, images, { ...options, progress })
      const tops = stages.flat().map(({ top }) => top)
      const solver = open(tops)
      await Promise.all(tops.map(async (top) => (await solver.solve(top)).chainId()))
      await solver.settled()
      const ids: BuildResult['images'][number][] = []
      const all: Finished[] = []
      const kept = outputs.some(({ kind }) => kind === 'image')
      const inline = wantsInlineCache(options) ? (await import('./transfer/inline.ts')).inlineCache : undefined
      const time = given === undefined ? undefined : BigInt(given) * 1_000_000_000n
      for (const [i, target] of targets.entries()) {
        const finished: FinishedImage[] = []
        for (const [p, platform] of platforms.entries()) {
          const stage = stages[p]![i]!
          const { snapshot } = await solver.solve(stage.top)
          const history = finishHistory(stage, store.snapshots.ancestry(snapshot), epoch)
          const cache = inline?.(store, snapshot, await finishedSteps())
          const config = { ...finishImage(stage, options, history), ...(cache && { 'moby.buildkit.cache.v0': cache }) }
          const stored = images.prepare({ config, snapshot }, lease)
          if (kept) images.add(stored, lease)
          ids.push({ target, platform, id: stored.config })
          finished.push({ ...stored, platform })
        }
        all.push({ ...named[i]!, images: finished, isMultiPlatform, epoch: time })
      }
      const built = all.flatMap((finished, i) =>
        finished.images.map((image, p) => ({ stage: stages[p]![i]!, image, name: nameOf(finished, image) })),
      )
      const of = { session, solver, sources, options, opened, epoch }
      let attestor: Attestor | undefined
      if (options.attest) {
        const { openAttestor } = await import('./attestations/open.ts')
        attestor = await openAttestor(options.attest, { ...of, built })
      }
      const exported: ExportedImage[] = []
      for (const output of outputs) {
        const image = await exportOutput(execution, images, { targets: all, output, attestor })
        if (image) exported.push(image)
      }
      const main = forThisMachine(built.slice(-platforms.length), ({ image }) => image.platform)!
      const mode = options.resultProvenance
      const provenance = mode && {
        provenance: await (await import('./attestations/result.ts')).resultProvenance({
          ...of,
          mode,
          built: main,
          exported: exported[0],
        }),
      }
      return { id: main.image.config, images: ids, kept, exported, ...provenance, ...solver.counts }
    } catch (error) {
      if (error instanceof StrakeError && error.range?.file === file.file) error.source ??= file.text.toString()
      throw error
    } finally {
      source.statCache?.save()
    }
  })
}

/** The stages of the targets, for each platform. */
async function planAll(
  dockerfile: Dockerfile,
  sources: Sources,
  {
    options,
    platforms,
    isMultiPlatform,
  }: {
    readonly options: Omit<PlanOptions, 'platform'>
    readonly platforms: readonly Platform[]
    readonly isMultiPlatform: boolean
  },
): Promise<Stage[][]> {
  const counter = { vertex: 0, step: 0, total: 0 }
  const plans: Stage[][] = []
  for (const platform of platforms) {
    plans.push(await plan(dockerfile, sources, { ...options, platform, isOneOfSeveral: isMultiPlatform, counter }))
  }
  return plans.length > 1 ? mergePlans(plans) : plans
}

/** Whether the image is to have its cache with it; docker's older way to ask for that is an argument. */
function wantsInlineCache({ cacheTo = [], buildArgs = {} }: BuildOptions): boolean {
  return cacheTo.some(({ kind }) => kind === 'inline') || isTrue(buildArgs.BUILDKIT_INLINE_CACHE ?? '')
}

/** As people know it: its name, else its id. */
function nameOf({ tags }: Finished, { config }: FinishedImage): string {
  const [tag] = tags
  return tag ? familiarString(tag) : config
}

/** An output whose times are to be rewritten has them right from the start. */
function withTimestamps(options: BuildOptions): BuildOptions {
  const rewrites = options.outputs?.some((output) => 'rewriteTimestamp' in output && output.rewriteTimestamp)
  return rewrites && givenEpoch(options) !== undefined ? { ...options, reproducible: true } : options
}

/** The names for each target's image. A reference holds no `=`: what stands before one is a target. */
function assignTags(tags: readonly string[], targets: readonly (string | undefined)[]): Reference[][] {
  const assigned = targets.map((): Reference[] => [])
  for (const tag of tags) {
    const equals = tag.indexOf('=')
    const target = tag.slice(0, Math.max(0, equals))
    const at = equals < 0 ? targets.length - 1 : targets.indexOf(target)
    if (at < 0) {
      throw new StrakeError('invalid', `invalid tag ${JSON.stringify(tag)}: ${JSON.stringify(target)} is not built`, {
        hint: `Add --target ${target}, or write the name alone.`,
      })
    }
    assigned[at]!.push(parseReference(tag.slice(equals + 1)))
  }
  return assigned
}

/** What the record of the build says of it. Builds of one context and Dockerfile belong together. */
function subjectOf(options: BuildOptions): BuildSubject {
  const { context, file, dockerfile } = options
  const place = 'path' in context ? resolve(context.path) : 'url' in context ? context.url : '-'
  const name = dockerfile === undefined ? (file ?? 'Dockerfile') : '-'
  const path = context.kind === 'directory' && name !== '-' ? resolve(file ?? join(place, 'Dockerfile')) : name
  const targets = targetsOf(options).filter((target) => target !== undefined)
  const shownFile = basename(name) === 'Dockerfile' ? '' : `/${basename(name)}`
  return {
    name: `${basename(place)}${shownFile}${targets.length ? ` (${targets.join(', ')})` : ''}`,
    context: place,
    file: name,
    targets,
    tags: options.tags ?? [],
    project: keyOf('project', place, path),
  }
}

/** Steps see it as ARG SOURCE_DATE_EPOCH; a reproducible image has no later time in its layers. */
function atEpoch(options: BuildOptions, epoch: number | undefined): Omit<PlanOptions, 'platform'> {
  if (epoch === undefined) return { ...options, created: undefined, epoch: undefined }
  const created = BigInt(epoch) * 1_000_000_000n
  const buildArgs = { ...options.buildArgs, SOURCE_DATE_EPOCH: `${epoch}` }
  return { ...options, buildArgs, created, epoch: options.reproducible ? created : undefined }
}

/** As Go writes it: without a fraction. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

type HistoryList = NonNullable<ImageConfig['history']>

/**
 * Times: that of its layer for a step that made one, of the layer before it for the others, as BuildKit.
 *
 * @param layers of the image, the topmost first: those that the steps made, on those of the base
 */
function finishHistory(stage: Stage, layers: readonly Snapshot[], epoch: number | undefined): HistoryList {
  if (epoch !== undefined) {
    const created = isoTime(epoch)
    return [...stage.inherited, ...stage.history.map(({ entry }) => ({ created, ...entry }))]
  }
  let created = stage.inherited.at(-1)?.created
  const own: HistoryList[number][] = []
  let above = stage.history.filter(({ vertex }) => vertex).length
  for (const { entry, vertex } of stage.history) {
    if (vertex) created = new Date(layers[--above]!.createdAt).toISOString()
    own.push({ ...(created && { created }), ...entry })
  }
  return [...stage.inherited, ...own]
}

function finishImage(stage: Stage, options: BuildOptions, history: HistoryList): Omit<ImageConfig, 'rootfs'> {
  const { author, platform } = stage
  const created = history.at(-1)?.created ?? new Date().toISOString()
  const labels = { ...stage.config.Labels, ...options.labels }
  return {
    created,
    ...(author !== undefined && { author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant && { variant: platform.variant }),
    config: finishConfig({ ...stage.config, Labels: labels }),
    history,
  }
}
