/** Identifiers of the SPDX License List that packages name most; others are quoted as they stand. */
const known = `
0BSD AFL-2.1 AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0-Perl Artistic-2.0 BlueOak-1.0.0
BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-4-Clause BSL-1.0 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0
CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1 CPL-1.0 curl EPL-1.0 EPL-2.0 FSFAP FSFUL FSFULLR GFDL-1.3-or-later
GPL-1.0-only GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU IJG ISC JSON
LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later Libpng LPPL-1.3c MIT
MIT-0 MPL-1.1 MPL-2.0 MS-PL NCSA OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 Ruby
SISSL SMLNJ Sleepycat TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Xnet Zlib ZPL-2.1
`

function isKnown(id: string): boolean {
  return known.split(/\s+/).includes(id)
}

/** A license as SPDX has it, and the text to add to the document where it is none of the list. */
export interface License {
  readonly expression: string
  readonly extracted?: { readonly licenseId: string; readonly extractedText: string }
}

/** Reads what a package says of its license (SPDX 2.3, annex D): an expression of known identifiers stays what it is. */
export function licenseOf(text: string | undefined): License {
  if (text === undefined) return { expression: 'NOASSERTION' }
  if (isExpression(text)) return { expression: text.trim() }
  const name = text.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^-+|-+$/g, '')
  const licenseId = `LicenseRef-${name.slice(0, 80) || 'unnamed'}`
  return { expression: licenseId, extracted: { licenseId, extractedText: text } }
}

/** Identifiers and groups in parentheses, with AND or OR between them. */
function isExpression(text: string): boolean {
  const tokens = text.match(/[()]|[^\s()]+/g) ?? []
  let open = 0
  let wantsTerm = true
  for (const token of tokens) {
    if (token === '(' || token === ')') {
      if (wantsTerm !== (token === '(')) return false
      open += token === '(' ? 1 : -1
      if (open < 0) return false
    } else if (wantsTerm) {
      if (!isKnown(token)) return false
      wantsTerm = false
    } else if (token === 'AND' || token === 'OR') wantsTerm = true
    else return false
  }
  return open === 0 && !wantsTerm
}
