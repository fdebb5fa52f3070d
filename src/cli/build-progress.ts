import type { BuildOutput, BuildResult } from '../engine/mod.ts'
import { type ProgressSink, StrakeError } from '../lib/mod.ts'
import {
  familiarName,
  formatPlatform,
  forThisMachine,
  hex,
  parseReference,
  type Reference,
  referenceString,
} from '../oci/mod.ts'
import { checkWarnings } from './check-warnings.ts'
import type { Terminal } from './command.ts'
import { type ProgressView, showProgress } from './progress.ts'
import { exporting } from './progress-rawjson.ts'
import { pushProgress } from './push-progress.ts'

/** What a person or a program sees of a build: how it goes, what it made, and at the end what checks warn of. */
export interface BuildView extends ProgressView {
  /** Tells what became of it, and where it went. Progress ends with that. */
  end(result: BuildResult, tags: readonly Reference[], outputs: readonly BuildOutput[]): void
}

/**
 * `--progress` and `--quiet`, as docker has them: BUILDKIT_PROGRESS stands for `auto`, and `--progress=quiet` is `--quiet`.
 * Throws `invalid`.
 */
export function showBuild(
  terminal: Terminal,
  { progress = 'auto', quiet }: { readonly progress: string | undefined; readonly quiet: boolean | undefined },
): BuildView {
  if (quiet && progress !== 'auto' && progress !== 'quiet') {
    throw new StrakeError('invalid', `progress=${progress} and quiet cannot be used together`)
  }
  const asked = progress === 'auto' || progress === '' ? terminal.env.BUILDKIT_PROGRESS || 'auto' : progress
  const mode = quiet ? 'quiet' : asked
  const view = showProgress(terminal, 'Building', mode)
  const isForPeople = mode !== 'rawjson' && mode !== 'none'
  const pushes = isForPeople ? pushProgress(terminal, view, mode === 'quiet') : view
  const warnings = isForPeople && mode !== 'quiet' ? checkWarnings(terminal) : undefined
  const close = () => {
    pushes[Symbol.dispose]()
    view[Symbol.dispose]()
  }
  return {
    sink(event) {
      if (event.kind === 'check' && isForPeople) warnings?.add(event)
      else pushes.sink(event)
    },
    end(result, tags, outputs) {
      const places = outputs.flatMap((output) => ('dest' in output ? [output.dest] : []))
      if (mode === 'rawjson') tellImages(view.sink, result, tags)
      close()
      // Standard output may have an archive already.
      const isFree = places.every((place) => typeof place === 'string')
      const isImage = result.kept || result.exported.length > 0
      if (mode === 'quiet' && isImage && isFree) terminal.out(idsOf(result).join(''))
      if (!warnings) return
      say(terminal, result, tags)
      for (const place of places) if (typeof place === 'string') terminal.err(`Successfully exported to ${place}\n`)
    },
    [Symbol.dispose]() {
      close()
      warnings?.[Symbol.dispose]()
    },
  }
}

/** The image of each target that is for this machine, a line each. */
function idsOf({ images }: BuildResult): string[] {
  const byTarget = Map.groupBy(images, ({ target }) => target)
  return [...byTarget.values()].map((all) => `${forThisMachine(all, ({ platform }) => platform)!.id}\n`)
}

/** As classic docker says it. */
function say(terminal: Terminal, result: BuildResult, tags: readonly Reference[]): void {
  for (const { manifest, names, pushed } of result.exported) {
    if (!pushed) continue
    for (const name of names) terminal.err(`${name}: digest: ${manifest.digest} size: ${manifest.size}\n`)
  }
  if (!result.kept) return
  const { images } = result
  const isMultiPlatform = new Set(images.map(({ platform }) => formatPlatform(platform))).size > 1
  const isMultiTarget = new Set(images.map(({ target }) => target)).size > 1
  for (const { target, platform, id } of images) {
    const words = [...(isMultiTarget ? [target] : []), ...(isMultiPlatform ? [formatPlatform(platform)] : [])]
    const which = words.length ? ` (${words.join(', ')})` : ''
    terminal.err(`Successfully built ${hex(id).slice(0, 12)}${which}\n`)
  }
  for (const reference of tags) terminal.err(`Successfully tagged ${familiarName(reference)}:${reference.tag}\n`)
}

/** The last steps of a build with BuildKit, in its words: programs take image and names from there. */
function tellImages(sink: ProgressSink, { images, kept, exported }: BuildResult, tags: readonly Reference[]): void {
  const names = new Set([...(kept ? tags.map(referenceString) : []), ...exported.flatMap((image) => image.names)])
  if (!kept && names.size === 0) return
  const vertex = { kind: 'vertex', id: 'push', name: exporting } as const
  const tell = (label: string) =>
    sink({ kind: 'status', vertex: vertex.id, id: label, label, unit: 'items', current: 0, done: true })
  sink({ ...vertex, state: 'started', at: Date.now() })
  if (kept) for (const { id } of images) tell(`writing image ${id}`)
  for (const name of names) tell(`naming to ${referenceString(parseReference(name))}`)
  sink({ ...vertex, state: 'done', at: Date.now() })
}
