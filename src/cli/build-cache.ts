import type { CacheForm, CacheSource, CacheTarget } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import { parseReference } from '../oci/mod.ts'
import { compressionOf, levelOf, readBoolean } from './build-outputs.ts'
import { checkKeys, csvFields, csvValues } from './csv-fields.ts'

const formKeys = [
  'mode',
  'oci-mediatypes',
  'image-manifest',
  'compression',
  'compression-level',
  'force-compression',
  'ignore-error',
]

/** The keys of each type. */
const targetKeys = {
  registry: ['ref', ...formKeys],
  local: ['dest', 'tag', ...formKeys],
  inline: ['mode', 'ignore-error'],
} as const satisfies Record<CacheTarget['kind'], readonly string[]>
const sourceKeys = {
  registry: ['ref'],
  local: ['src', 'tag', 'digest'],
} as const satisfies Record<CacheSource['kind'], readonly string[]>

/** The values of --cache-from, with buildx's grammar. Throws `invalid`. */
export function cacheSources(texts: readonly string[]): CacheSource[] {
  return texts.flatMap(readEntry).map((values): CacheSource => {
    const kind = kindOf(values, sourceKeys, 'importer')
    if (kind === 'registry') return { kind, ref: refOf(values, 'importer') }
    const [src, tag, digest] = [values.get('src'), values.get('tag'), values.get('digest')]
    if (!src) throw new StrakeError('invalid', 'local cache importer requires src', { hint: 'type=local,src=FOLDER' })
    return { kind, src, ...(tag && { tag }), ...(digest && { digest }) }
  })
}

/** The values of --cache-to, with buildx's grammar. Throws `invalid`. */
export function cacheTargets(texts: readonly string[]): CacheTarget[] {
  return texts.flatMap(readEntry).map((values): CacheTarget => {
    const kind = kindOf(values, targetKeys, 'exporter')
    if (kind === 'inline') return { kind }
    const form = formOf(values)
    if (kind === 'registry') return { kind, ref: refOf(values, 'exporter'), ...form }
    const [dest, tag] = [values.get('dest'), values.get('tag')]
    if (!dest)
      throw new StrakeError('invalid', 'local cache exporter requires dest', { hint: 'type=local,dest=FOLDER' })
    return { kind, dest, ...(tag && { tag }), ...form }
  })
}

/** `user/app:cache`, several of them, or `type=…,key=value`. */
function readEntry(text: string): Map<string, string>[] {
  const fields = csvFields(text)
  if (fields.every((field) => !field.includes('='))) {
    return fields.map(
      (ref) =>
        new Map([
          ['type', 'registry'],
          ['ref', ref],
        ]),
    )
  }
  return [csvValues(fields, 'Write type=registry,ref=NAME.')]
}

/** What does the same as BuildKit's other types. */
const insteadOf: Readonly<Record<string, string>> = {
  gha: 'On GitHub, type=registry with its registry does the same, or type=local with a folder that actions/cache keeps.',
  s3: 'A bucket can keep the folder of type=local; type=registry needs nothing else.',
  azblob: 'A container can keep the folder of type=local; type=registry needs nothing else.',
  inline: 'The cache in an image is type=registry,ref=IMAGE.',
}

/** The type, with the keys checked. */
function kindOf<K extends string>(
  values: Map<string, string>,
  keysOf: Readonly<Record<K, readonly string[]>>,
  what: 'importer' | 'exporter',
): K {
  const type = values.get('type')
  const hint = `Types are ${Object.keys(keysOf).join(', ')}.`
  if (!type) throw new StrakeError('invalid', `type is required for a cache ${what}: ${fieldsOf(values)}`, { hint })
  if (!Object.hasOwn(keysOf, type)) {
    const near = nearest(type, Object.keys(keysOf))
    const better = insteadOf[type] ?? (near && `Did you mean ${near}?`)
    throw new StrakeError('invalid', `unknown cache ${what}: ${JSON.stringify(type)}`, {
      hint: better ? `${hint} ${better}` : hint,
    })
  }
  const kind = type as K
  checkKeys(kind, values.keys(), ['type', ...keysOf[kind]])
  return kind
}

function fieldsOf(values: ReadonlyMap<string, string>): string {
  return [...values].map(([key, value]) => `${key}=${value}`).join(',')
}

function refOf(values: ReadonlyMap<string, string>, what: 'importer' | 'exporter'): string {
  const ref = values.get('ref')
  if (!ref) throw new StrakeError('invalid', `registry cache ${what} requires ref`, { hint: 'type=registry,ref=NAME' })
  parseReference(ref)
  return ref
}

function formOf(values: ReadonlyMap<string, string>): CacheForm {
  const mode = values.get('mode')
  if (mode !== undefined && mode !== 'min' && mode !== 'max') {
    throw new StrakeError('invalid', `invalid cache export mode: ${mode}`, { hint: 'It is min or max.' })
  }
  const types = flag(values, 'oci-mediatypes')
  const image = flag(values, 'image-manifest')
  if (types === false && image) {
    throw new StrakeError('invalid', 'a cache as an image manifest must have OCI media types', {
      hint: 'Leave out oci-mediatypes=false, or write image-manifest=false.',
    })
  }
  const compression = compressionOf(values.get('compression'))
  const level = values.get('compression-level')
  return {
    ...(mode && { mode }),
    ...(types === false && { mediaTypes: 'docker' }),
    ...(image === false && { manifest: 'index' }),
    ...(compression && { compression }),
    ...(level !== undefined && { level: levelOf(level) }),
    ...(flag(values, 'force-compression') && { force: true }),
    ...(flag(values, 'ignore-error') && { ignoreError: true }),
  }
}

function flag(values: ReadonlyMap<string, string>, key: string): boolean | undefined {
  const text = values.get(key)
  return text === undefined ? undefined : readBoolean(key, text)
}
