import { firstLine, paragraphsOf, said } from './fields.ts'
import type { Package } from './types.ts'

/** The package of a `METADATA`, a `PKG-INFO` or an `.egg-info` file (Python's core metadata). */
export function* pipPackages(bytes: Uint8Array): Generator<Package> {
  // What follows the first paragraph is the description.
  const [fields] = paragraphsOf(Buffer.from(bytes).toString().replaceAll('\r\n', '\n'))
  const name = fields?.get('name')
  const version = fields?.get('version')
  if (!fields || !name || !version) return
  const author = said(fields.get('author')) ?? said(fields.get('maintainer'))
  const address = said(fields.get('author-email')) ?? said(fields.get('maintainer-email'))
  yield {
    kind: 'pypi',
    name,
    version,
    // Some have the license's whole text there.
    license: said(fields.get('license-expression')) ?? oneLine(said(fields.get('license'))),
    homepage: said(fields.get('home-page')),
    summary: firstLine(fields.get('summary')),
    maintainer: author && address && !address.includes('<') ? `${author} <${address}>` : (author ?? address),
  }
}

function oneLine(value: string | undefined): string | undefined {
  return value?.includes('\n') ? undefined : value
}
