import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTar } from './tar.ts'

/** The JSON schemas of the OCI image specification, where they stand beside the checkout. */
const schemas = join(import.meta.dirname, '../../../shared/corpus/image-spec-schema')
export const noSchemas = existsSync(schemas) ? false : 'the corpus is not there'

type Schema = Readonly<Record<string, unknown>>

/** What of an OCI archive breaks the image specification's schemas: layout, index, and each manifest with its config. */
export function schemaProblems(archive: Buffer): string[] {
  const files = new Map(
    readTar(archive).flatMap((one) => (one.kind === 'file' ? [[one.path, one.content] as const] : [])),
  )
  const json = (path: string) => JSON.parse(files.get(path)?.toString() ?? 'null')
  const blob = ({ digest }: { digest: string }) => json(`blobs/${digest.replace(':', '/')}`)
  const index = json('index.json')
  return [
    ...problems('image-layout', json('oci-layout')),
    ...problems('image-index', index),
    ...index.manifests.flatMap((descriptor: { digest: string }) => {
      const manifest = blob(descriptor)
      return [...problems('image-manifest', manifest), ...problems('config', blob(manifest.config))]
    }),
  ]
}

function problems(kind: string, value: unknown): string[] {
  const file = `${kind}-schema.json`
  return check(value, { schema: read(file), file, at: kind })
}

const read = (file: string) => JSON.parse(readFileSync(join(schemas, file), 'utf8')) as Schema

/** JSON schema, draft 4, as far as these schemas use it. */
function check(value: unknown, { schema, file, at }: { schema: Schema; file: string; at: string }): string[] {
  const inner = (part: unknown, below: unknown, name = '') =>
    check(below, { schema: part as Schema, file, at: name ? `${at}.${name}` : at })
  if (typeof schema.$ref === 'string') {
    const [target = '', path = ''] = schema.$ref.split('#')
    const other = target || file
    const found = path
      .split('/')
      .filter(Boolean)
      .reduce((part, name) => part[name] as Schema, read(other))
    return check(value, { schema: found, file: other, at })
  }
  const found: string[] = []
  const fail = (why: string) => found.push(`${at}: ${why}: ${JSON.stringify(value)}`)
  const types = [schema.type ?? typeOf(value)].flat()
  if (!types.includes(typeOf(value)) && !(types.includes('number') && typeOf(value) === 'integer')) fail(`no ${types}`)
  if (schema.enum && !(schema.enum as unknown[]).includes(value)) fail('not of the enum')
  if (typeof value === 'number') {
    if (value < ((schema.minimum as number) ?? value) || value > ((schema.maximum as number) ?? value))
      fail('out of range')
  }
  if (typeof value === 'string') {
    if (schema.pattern && !new RegExp(schema.pattern as string).test(value)) fail(`not like ${schema.pattern}`)
    if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) fail('no time')
  }
  const options = schema.oneOf as unknown[] | undefined
  if (options && options.filter((option) => inner(option, value).length === 0).length !== 1)
    fail('not one of the forms')
  if (Array.isArray(value)) {
    if (value.length < ((schema.minItems as number) ?? 0)) fail('too few')
    if (schema.items) for (const [i, item] of value.entries()) found.push(...inner(schema.items, item, String(i)))
  } else if (value && typeof value === 'object') {
    const object = value as Record<string, unknown>
    for (const name of (schema.required as string[]) ?? []) if (!(name in object)) fail(`without ${name}`)
    for (const [name, below] of Object.entries(object)) {
      const part = (schema.properties as Schema | undefined)?.[name]
      if (part) found.push(...inner(part, below, name))
      for (const [pattern, part] of Object.entries((schema.patternProperties as Schema) ?? {})) {
        if (new RegExp(pattern).test(name)) found.push(...inner(part, below, name))
      }
    }
  }
  return found
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
