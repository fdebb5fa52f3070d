import { said } from './fields.ts'
import type { Package } from './types.ts'

/** The packages of `lib/apk/db/installed`: lines of a letter, a colon and a value; an empty line ends a package. */
export function* apkPackages(bytes: Uint8Array): Generator<Package> {
  for (const block of Buffer.from(bytes).toString().split(/\n\n+/)) {
    const fields = new Map<string, string>()
    for (const line of block.split('\n')) {
      // Those of the package come before those of its folders and files.
      if (line.startsWith('F:')) break
      if (line[1] === ':') fields.set(line[0]!, line.slice(2).trim())
    }
    const name = fields.get('P')
    const version = fields.get('V')
    if (!name || !version) continue
    const origin = fields.get('o')
    yield {
      kind: 'apk',
      name,
      version,
      architecture: said(fields.get('A')),
      upstream: origin === name ? undefined : said(origin),
      license: said(fields.get('L')),
      homepage: said(fields.get('U')),
      summary: said(fields.get('T')),
      maintainer: said(fields.get('m')),
    }
  }
}
