import type { AttestOptions } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import { readBoolean } from './build-outputs.ts'
import { checkKeys, csvFields, csvValues } from './csv-fields.ts'

export interface AttestFlags {
  readonly attest: readonly string[]
  readonly provenance?: string | undefined
  readonly sbom?: string | undefined
}

type Attributes = Map<string, string>

/** The values of --attest, --provenance and --sbom, with buildx's grammar; the last of a type counts. Throws `invalid`. */
export function attestOf({ attest, provenance, sbom }: AttestFlags): AttestOptions | undefined {
  const all = [...attest, ...shorthand('provenance', provenance), ...shorthand('sbom', sbom)].map(readAttest)
  const last = new Map(all.map((attributes) => [attributes.get('type')!, attributes]))
  const asked = (type: string) => {
    const attributes = last.get(type)
    return attributes && !readBoolean('disabled', attributes.get('disabled') ?? 'false') ? attributes : undefined
  }
  const [first, second] = [asked('provenance'), asked('sbom')]
  if (!first && !second) return undefined
  return { ...(first && { provenance: provenanceOf(first) }), ...(second && { sbom: sbomOf(second) }) }
}

/** `--provenance=VALUE` is `--attest type=provenance,VALUE`, but for a boolean, which turns it on or off. */
function shorthand(type: string, value: string | undefined): string[] {
  if (!value) return []
  if (/^(?:1|t|true)$/i.test(value)) return [`type=${type}`]
  return /^(?:0|f|false)$/i.test(value) ? [`type=${type},disabled=true`] : [`type=${type},${value}`]
}

const form = 'Write type=provenance[,mode=max|min] or type=sbom[,generator=IMAGE].'

function readAttest(text: string): Attributes {
  const attributes = csvValues(csvFields(text), form)
  const type = attributes.get('type')
  if (!type) throw new StrakeError('invalid', 'attestation type not specified', { hint: form })
  if (type === 'provenance' || type === 'sbom') return attributes
  const near = nearest(type, ['provenance', 'sbom'])
  throw new StrakeError('invalid', `unknown attestation type ${JSON.stringify(type)}`, {
    hint: near ? `Did you mean ${near}?` : form,
  })
}

const provenanceKeys = ['type', 'disabled', 'mode', 'version', 'builder-id', 'reproducible', 'inline-only', 'filename']

function provenanceOf(attributes: Attributes): NonNullable<AttestOptions['provenance']> {
  checkKeys('provenance', attributes.keys(), provenanceKeys)
  // BuildKit's first word for it.
  const mode = attributes.get('mode') === 'full' ? 'max' : (attributes.get('mode') ?? 'max')
  if (mode !== 'min' && mode !== 'max') {
    throw new StrakeError('invalid', `invalid mode ${JSON.stringify(mode)}`, { hint: 'It is min or max.' })
  }
  const version = attributes.get('version') ?? 'v1'
  if (version !== 'v1' && version !== 'v0.2') {
    throw new StrakeError('invalid', `invalid provenance SLSA version: ${version}`, { hint: 'It is v1 or v0.2.' })
  }
  const filename = attributes.get('filename')
  if (filename !== undefined && !/^(?!\.{1,2}$)[^/\0]+$/.test(filename)) {
    throw new StrakeError('invalid', `invalid filename ${JSON.stringify(filename)} for type=provenance`)
  }
  const builderId = attributes.get('builder-id')
  return {
    mode,
    version,
    ...(builderId !== undefined && { builderId }),
    ...(flag(attributes, 'reproducible') && { reproducible: true }),
    ...(flag(attributes, 'inline-only') && { inlineOnly: true }),
    ...(filename !== undefined && { filename }),
  }
}

function flag(attributes: Attributes, key: string): boolean {
  return readBoolean(key, attributes.get(key) ?? 'false')
}

/** What a scanner does not know, it ignores. */
function sbomOf(attributes: Attributes): NonNullable<AttestOptions['sbom']> {
  const { type: _, disabled: __, generator, ...parameters } = Object.fromEntries(attributes)
  return { ...(generator && { generator }), ...(Object.keys(parameters).length > 0 && { parameters }) }
}
