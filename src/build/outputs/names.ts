import { parseReference, type Reference, referenceString } from '../../oci/mod.ts'
import type { ImageForm } from './types.ts'

/** A target that is built, and the names that the build gives its image. */
export interface NamedTarget {
  /** As it was asked for; undefined for the last stage. */
  readonly target: string | undefined
  readonly tags: readonly Reference[]
}

/** What a target is called where each has a place of its own in an output. */
export function placeOf({ target }: NamedTarget): string {
  return target ?? 'default'
}

/** The whole names of each target's image: those of the build, and those of the output, which are the last one's. */
export function namesOf({ names = [] }: ImageForm, targets: readonly NamedTarget[]): string[][] {
  return targets.map(({ tags }, i) => {
    const more = i === targets.length - 1 ? names.map(parseReference) : []
    return [...new Set([...tags, ...more].map(referenceString))]
  })
}

/** What `index.json` of a layout calls each target's image: the tags alone, as tools know it; without one the target. */
export function layoutNames(form: ImageForm, targets: readonly NamedTarget[]): string[][] {
  return namesOf(form, targets).map((names, i) => {
    const unnamed = targets.length > 1 ? placeOf(targets[i]!) : ''
    return names.length > 0 ? [...new Set(names.map((name) => parseReference(name).tag!))] : [unnamed]
  })
}
