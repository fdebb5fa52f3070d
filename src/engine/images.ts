import type { Image } from '../images/mod.ts'
import { type Digest, familiarName, familiarString, parseReference } from '../oci/mod.ts'
import type { Engine } from './engine.ts'
import { booleanFilter, type Filters, globPattern, matchesLabels, parseFilters, parseMoment } from './filters.ts'

export interface ImagesOptions {
  /** `dangling=`, `label=`, `before=`, `since=`, `until=`, `reference=`. */
  readonly filters?: readonly string[]
  /** Only names that match: `app`, `app:1.*`. */
  readonly reference?: string | undefined
}

/** One name of an image, as docker lists them: an image with two names is two rows, one without any is one row. */
export interface ListedImage {
  readonly image: Image
  /** `app`, `localhost:5000/app`; undefined for `<none>`. */
  readonly repository: string | undefined
  readonly tag: string | undefined
  readonly digest: Digest | undefined
}

/** The images of the store, the newest first. Throws `invalid` for a filter that is none, `not_found` in before and since. */
export function images(engine: Engine, options: ImagesOptions = {}): ListedImage[] {
  const filters = parseFilters(options.filters ?? [], ['dangling', 'label', 'before', 'since', 'until', 'reference'])
  const patterns = [...(filters.get('reference') ?? []), ...(options.reference ? [options.reference] : [])]
  const matches = nameMatcher(patterns)
  const rows: ListedImage[] = []
  for (const image of engine.images.list().filter(imageFilter(engine, filters))) {
    // Other platforms of a name: as for docker, the name is one row.
    if (image.isMember && image.names.length === 0) continue
    const named = namesOf(image)
    if (patterns.length > 0) rows.push(...named.filter(matches))
    else if (named.length > 0) rows.push(...named)
    else rows.push({ image, repository: undefined, tag: undefined, digest: undefined })
  }
  return rows
}

function namesOf(image: Image): ListedImage[] {
  const digests = new Map(
    image.digests.map((name) => [familiarName(parseReference(name)), parseReference(name).digest]),
  )
  const tagged = image.names.map((name) => {
    const reference = parseReference(name)
    const repository = familiarName(reference)
    return { image, repository, tag: reference.tag, digest: digests.get(repository) }
  })
  const untagged = [...digests].filter(([repository]) => !tagged.some((row) => row.repository === repository))
  return [...tagged, ...untagged.map(([repository, digest]) => ({ image, repository, tag: undefined, digest }))]
}

/** What all filters but those about names say of an image. */
export function imageFilter(engine: Engine, filters: Filters): (image: Image) => boolean {
  const dangling = booleanFilter(filters, 'dangling')
  const labels = filters.get('label')
  const before = filters.get('before')?.map((name) => engine.images.get(name).createdAt)
  const since = filters.get('since')?.map((name) => engine.images.get(name).createdAt)
  const until = filters.get('until')?.map((text) => parseMoment(text))
  return (image) =>
    (dangling === undefined || dangling === (image.names.length === 0)) &&
    (!before || image.createdAt < Math.min(...before)) &&
    (!since || image.createdAt > Math.max(...since)) &&
    (!until || image.createdAt < Math.min(...until)) &&
    (!labels || matchesLabels(engine.images.config(image).config?.Labels ?? {}, labels))
}

/** Docker's FamiliarMatch: a pattern is for the name alone or for name and tag. */
function nameMatcher(patterns: readonly string[]): (row: ListedImage) => boolean {
  const expressions = patterns.map((pattern) => globPattern(pattern.replace(/^(?:docker\.io\/)?(?:library\/)?/, '')))
  return ({ repository = '', tag }) =>
    expressions.some(
      (expression) => expression.test(repository) || (tag !== undefined && expression.test(`${repository}:${tag}`)),
    )
}

/** `app:1.0` for `docker.io/library/app:1.0`. */
export function shownName(name: string): string {
  return familiarString(parseReference(name))
}
