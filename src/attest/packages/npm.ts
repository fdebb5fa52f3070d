import { said } from './fields.ts'
import type { Package } from './types.ts'

/** A `package.json` that stands in `node_modules`. Packages bring test data of that name too: what is none gives nothing. */
export function* npmPackages(bytes: Uint8Array): Generator<Package> {
  const document = parsed(bytes)
  const { name, version, license, homepage, description, author } = document
  if (typeof name !== 'string' || typeof version !== 'string' || name === '' || version === '') return
  if (!/^(?:@[^/@\s]+\/)?[^/@\s]+$/.test(name)) return
  yield {
    kind: 'npm',
    name,
    version,
    license: text(license) ?? text((license as { type?: unknown } | undefined)?.type),
    homepage: text(homepage),
    summary: text(description),
    maintainer: personOf(author),
  }
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as unknown
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? said(value) : undefined
}

/** `NAME <ADDRESS> (URL)`, or the same as an object. */
function personOf(author: unknown): string | undefined {
  if (typeof author === 'string') return said(author.split('(', 1)[0]!.trim())
  const { name, email } = (author ?? {}) as { name?: unknown; email?: unknown }
  if (text(name) === undefined) return undefined
  return text(email) === undefined ? text(name) : `${text(name)} <${text(email)}>`
}
