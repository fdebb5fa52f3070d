import { firstLine, paragraphsOf, said } from './fields.ts'
import type { Package } from './types.ts'

/** The packages of `var/lib/dpkg/status`, or of one file of `status.d`, where images without dpkg itself have them. */
export function* dpkgPackages(bytes: Uint8Array): Generator<Package> {
  for (const fields of paragraphsOf(Buffer.from(bytes).toString())) {
    const name = fields.get('package')
    const version = fields.get('version')
    if (!name || !version) continue
    // Its third word is the state: one that was removed may have left its configuration.
    const state = fields.get('status')?.split(/\s+/)[2]
    if (state !== undefined && (state === 'not-installed' || state === 'config-files')) continue
    // `SOURCE`, or `SOURCE (VERSION)`
    const source = fields.get('source')?.split(' ')[0]
    yield {
      kind: 'deb',
      name,
      version,
      architecture: fields.get('architecture'),
      upstream: source === name ? undefined : said(source),
      homepage: said(fields.get('homepage')),
      summary: firstLine(fields.get('description')),
      maintainer: said(fields.get('maintainer')),
    }
  }
}
