import type { Annotation, BuildOutput, FileForm, ImageForm, OutputFile } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import { annotationFields, isAnnotationKey } from './annotations.ts'
import { checkKeys, csvFields, csvValues } from './csv-fields.ts'

type Kind = BuildOutput['kind'] | 'registry'

const imageKeys = [
  'name',
  'compression',
  'compression-level',
  'force-compression',
  'oci-mediatypes',
  'rewrite-timestamp',
]
/** The keys of each type, besides `annotation.*`. */
const keysOf: Readonly<Record<Kind, readonly string[]>> = {
  local: ['dest', 'platform-split', 'attestation-prefix'],
  tar: ['dest', 'platform-split', 'attestation-prefix'],
  oci: ['dest', 'tar', ...imageKeys],
  docker: ['dest', 'tar', ...imageKeys],
  image: ['push', 'push-by-digest', 'name-canonical', 'unpack', 'store', ...imageKeys],
  registry: ['push', 'push-by-digest', 'name-canonical', 'unpack', 'store', ...imageKeys],
  cacheonly: [],
}

export interface OutputFlags {
  readonly output: readonly string[]
  readonly load?: boolean | undefined
  readonly push?: boolean | undefined
}

/** Every output that is an image gets these, too; without outputs that is the one of the store. */
export function annotated(outputs: readonly BuildOutput[], annotations: readonly Annotation[]): readonly BuildOutput[] {
  if (annotations.length === 0) return outputs
  const all: readonly BuildOutput[] = outputs.length > 0 ? outputs : [{ kind: 'image' }]
  return all.map((output) => {
    if (output.kind === 'local' || output.kind === 'tar' || output.kind === 'cacheonly') return output
    return { ...output, annotations: [...(output.annotations ?? []), ...annotations] }
  })
}

/** Where `dest=-` goes. */
export interface StandardOutput {
  readonly out: (bytes: Uint8Array) => void
  readonly outIsTerminal: boolean
}

/** The values of --output, --load and --push, with buildx's grammar. None stands for an image of the store. Throws `invalid`. */
export function outputsOf({ output, load, push }: OutputFlags, terminal: StandardOutput): BuildOutput[] {
  const outputs = output.map((text) => readOutput(text, terminal))
  if (outputs.filter((found) => 'dest' in found && typeof found.dest === 'function').length > 1) {
    throw new StrakeError('invalid', 'only one output can be written to standard output')
  }
  const images = outputs.filter(({ kind }) => kind === 'image').length
  if (push && images === 0) return [...outputs, { kind: 'image', push: 'tags' }]
  if (load && images === 0) return [...outputs, { kind: 'image' }]
  if (!push) return outputs
  return outputs.map((found) => (found.kind === 'image' ? { ...found, push: found.push || 'tags' } : found))
}

function readOutput(text: string, terminal: StandardOutput): BuildOutput {
  const fields = csvFields(text)
  if (fields.length === 1 && fields[0] === text && !text.startsWith('type=')) {
    return text === '-' ? { kind: 'tar', dest: standardOutput('tar', terminal) } : { kind: 'local', dest: text }
  }
  const values = csvValues(fields, form)
  const kind = kindOf(values.get('type'))
  values.delete('type')
  const isImage = keysOf[kind].includes('name')
  const keys = [...values.keys()].filter((key) => !isImage || !isAnnotationKey(key))
  checkKeys(kind, keys, ['type', ...keysOf[kind], ...(isImage ? ['annotation.KEY'] : [])])
  return outputOf(kind, values, terminal)
}

const form = 'Write DIR, - or type=local|tar|oci|docker|image|registry|cacheonly[,KEY=VALUE].'

function kindOf(text: string | undefined): Kind {
  if (text === undefined) throw new StrakeError('invalid', 'type is required for output', { hint: form })
  if (Object.hasOwn(keysOf, text)) return text as Kind
  const near = nearest(text, Object.keys(keysOf))
  const hint = near ? `Did you mean ${near}?` : form
  throw new StrakeError('invalid', `exporter ${JSON.stringify(text)} could not be found`, { hint })
}

function outputOf(kind: Kind, values: ReadonlyMap<string, string>, terminal: StandardOutput): BuildOutput {
  const dest = values.get('dest') ?? ''
  switch (kind) {
    case 'cacheonly':
      return { kind }
    case 'local':
      if (dest === '') throw new StrakeError('invalid', 'dest is required for local exporter', { hint: form })
      if (dest === '-') throw new StrakeError('invalid', 'dest cannot be stdout for local exporter', { hint: form })
      return { kind, dest, ...fileForm(values) }
    case 'tar':
      return { kind, dest: fileOf(kind, dest, terminal), ...fileForm(values) }
    case 'oci':
    case 'docker': {
      if (kind === 'docker' && dest === '') return { kind: 'image', ...imageForm(values) }
      const folder = !readBoolean('tar', values.get('tar') ?? 'true')
      if (!folder) return { kind, dest: fileOf(kind, dest, terminal), ...imageForm(values) }
      if (dest !== '' && dest !== '-') return { kind, dest, folder, ...imageForm(values) }
      throw new StrakeError('invalid', `dest is required for ${kind} output with tar=false`)
    }
    case 'image':
    case 'registry': {
      const push = readBoolean('push', values.get('push') ?? String(kind === 'registry'))
      const byDigest = readBoolean('push-by-digest', values.get('push-by-digest') ?? 'false')
      return { kind: 'image', push: push && (byDigest ? 'digest' : 'tags'), ...imageForm(values) }
    }
  }
}

function fileForm(values: ReadonlyMap<string, string>): FileForm {
  const split = values.get('platform-split')
  const prefix = values.get('attestation-prefix')
  return {
    ...(split !== undefined && { platformSplit: readBoolean('platform-split', split) }),
    ...(prefix && { attestationPrefix: prefix }),
  }
}

function fileOf(kind: Kind, dest: string, terminal: StandardOutput): OutputFile {
  return dest === '' || dest === '-' ? standardOutput(kind, terminal) : dest
}

function standardOutput(kind: Kind, { out, outIsTerminal }: StandardOutput): OutputFile {
  if (!outIsTerminal) return out
  throw new StrakeError('invalid', `dest file is required for ${kind} exporter. refusing to write to console`, {
    hint: `Write -o type=${kind},dest=FILE, or redirect standard output.`,
  })
}

function imageForm(values: ReadonlyMap<string, string>): ImageForm {
  const names = (values.get('name') ?? '').split(',').filter(Boolean)
  const compression = compressionOf(values.get('compression'))
  const level = values.get('compression-level')
  const force = readBoolean('force-compression', values.get('force-compression') ?? 'false')
  const rewriteTimestamp = readBoolean('rewrite-timestamp', values.get('rewrite-timestamp') ?? 'false')
  const types = values.get('oci-mediatypes')
  const annotations = annotationFields(values)
  return {
    names,
    ...(compression && { compression }),
    ...(level !== undefined && { level: levelOf(level) }),
    ...(force && { force }),
    ...(rewriteTimestamp && { rewriteTimestamp }),
    ...(types !== undefined && { mediaTypes: readBoolean('oci-mediatypes', types) ? 'oci' : 'docker' }),
    ...(annotations.length > 0 && { annotations }),
  }
}

export function compressionOf(text: string | undefined): ImageForm['compression'] {
  if (text === undefined || text === 'gzip' || text === 'zstd') return text
  if (text === 'uncompressed') return 'none'
  throw new StrakeError('invalid', `unsupported layer compression type: ${text}`, {
    hint: 'It is gzip, zstd or uncompressed.',
  })
}

export function levelOf(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text)
  throw new StrakeError('invalid', `non-integer value ${JSON.stringify(text)} specified for compression-level`)
}

/** As Go's strconv.ParseBool. */
export function readBoolean(key: string, text: string): boolean {
  if (/^(?:1|t|true|)$/i.test(text)) return true
  if (/^(?:0|f|false)$/i.test(text)) return false
  throw new StrakeError('invalid', `non-bool value ${JSON.stringify(text)} specified for ${key}`)
}
