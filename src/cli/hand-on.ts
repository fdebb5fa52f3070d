import type { BuildSecret } from '../engine/mod.ts'
import { nearest, StrakeError } from '../lib/mod.ts'
import { csvFields } from './csv-fields.ts'

const keys = ['id', 'src', 'source', 'env', 'type']

/**
 * The values of `build --secret`: `id=NAME[,src=FILE|env=VARIABLE][,type=file|env]`. An id alone is a variable of that name, or a
 * file. Throws `invalid` in docker's words.
 */
export function secretsOf(values: readonly string[], env: NodeJS.ProcessEnv): Record<string, BuildSecret> {
  const secrets: Record<string, BuildSecret> = Object.create(null)
  for (const value of values) {
    const { id, secret } = secretOf(value, env)
    secrets[id] = secret
  }
  return { ...secrets }
}

function secretOf(value: string, env: NodeJS.ProcessEnv): { id: string; secret: BuildSecret } {
  let id = ''
  let path = ''
  let name = ''
  let type = ''
  for (const field of csvFields(value)) {
    const equals = field.indexOf('=')
    if (equals < 0)
      throw new StrakeError('invalid', `invalid field '${field}' must be a key=value pair`, { hint: form })
    const key = field.slice(0, equals).toLowerCase()
    const text = field.slice(equals + 1)
    if (key === 'id') id = text
    else if (key === 'src' || key === 'source') path = text
    else if (key === 'env') name = text
    else if (key === 'type') {
      if (text !== 'file' && text !== 'env') {
        throw new StrakeError('invalid', `unsupported secret type ${JSON.stringify(text)}`, {
          hint: 'It is file or env.',
        })
      }
      type = text
    } else {
      const near = nearest(key, keys)
      throw new StrakeError('invalid', `unexpected key '${key}' in '${field}'`, {
        hint: near ? `Did you mean ${near}?` : form,
      })
    }
  }
  if (id === '') throw new StrakeError('invalid', 'secret missing ID', { hint: form })
  if (type === 'env' && name === '') {
    name = path
    path = ''
  }
  if (name !== '') return { id, secret: { kind: 'env', name } }
  if (path !== '') return { id, secret: { kind: 'file', path } }
  const isVariable = type === 'env' || (type === '' && env[id] !== undefined)
  return { id, secret: isVariable ? { kind: 'env', name: id } : { kind: 'file', path: id } }
}

const form = 'Write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE.'

/** The values of `build --ssh`: `default`, or `ID=SOCKET` or `ID=KEY,KEY`. Throws `invalid` in docker's words. */
export function sshOf(values: readonly string[]): Record<string, readonly string[]> {
  const agents = new Map<string, readonly string[]>()
  for (const value of values) {
    const equals = value.indexOf('=')
    const id = (equals < 0 ? value : value.slice(0, equals)) || 'default'
    const paths =
      equals < 0
        ? []
        : value
            .slice(equals + 1)
            .split(',')
            .filter(Boolean)
    if (agents.has(id)) throw new StrakeError('invalid', `duplicate agent ID ${JSON.stringify(id)}`)
    agents.set(id, paths)
  }
  return Object.fromEntries(agents)
}
