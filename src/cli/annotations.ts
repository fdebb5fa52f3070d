import type { Annotation } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import { formatPlatform, parsePlatform } from '../oci/mod.ts'

const places: readonly Annotation['place'][] = ['manifest', 'manifest-descriptor', 'index', 'index-descriptor']

/** Whether a key of --output names an annotation. */
export function isAnnotationKey(key: string): boolean {
  return /^annotation[-.[]/.test(key)
}

/** `annotation.KEY`, `annotation-PLACE.KEY` and `annotation-PLACE[PLATFORM].KEY`, as fields of --output. Throws `invalid`. */
export function annotationFields(values: ReadonlyMap<string, string>): Annotation[] {
  return [...values]
    .filter(([name]) => isAnnotationKey(name))
    .map(([name, value]) => {
      const [, place = 'manifest', platform, key] =
        /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(\S+)$/.exec(name) ?? []
      if (key === undefined)
        throw new StrakeError('invalid', `could not fully parse annotation ${name}`, { hint: form })
      return { ...whereOf(place, platform), key, value }
    })
}

/** The values of --annotation: `KEY=VALUE`, or with places before the key, `index,manifest[linux/amd64]:KEY=VALUE`. Throws `invalid`. */
export function annotationFlags(texts: readonly string[]): Annotation[] {
  return texts.flatMap((text) => {
    const [, before = '', value] = /^([^=]*)=(.*)$/s.exec(text) ?? []
    const colon = before.indexOf(':')
    const key = before.slice(colon + 1)
    if (value === undefined || key === '') {
      throw new StrakeError('invalid', `invalid annotation ${JSON.stringify(text)}, expected key=value`)
    }
    const types = colon < 0 ? ['manifest'] : before.slice(0, colon).split(',')
    return types.map((type) => {
      const [, place, platform] = /^([a-z-]+)(?:\[([^\]]*)\])?$/.exec(type) ?? []
      if (place === undefined) {
        const message = `invalid annotation type ${JSON.stringify(type)}, expected type and optional platform in square brackets`
        throw new StrakeError('invalid', message, { hint: form })
      }
      return { ...whereOf(place, platform), key, value }
    })
  })
}

const form = `The type is ${places.join(', ')}; for one platform manifest[linux/amd64].`

function whereOf(text: string, platform: string | undefined): Pick<Annotation, 'place' | 'platform'> {
  const place = places.find((known) => known === text)
  if (!place) {
    const near = nearest(text, places)
    const hint = near ? `Did you mean ${near}?` : form
    throw new StrakeError('invalid', `unknown annotation type ${JSON.stringify(text)}`, { hint })
  }
  const isOfOne = platform !== undefined && place.startsWith('manifest')
  return { place, ...(isOfOne && { platform: formatPlatform(parsePlatform(platform)) }) }
}
