import { hash } from 'node:crypto'
import { textOf, version } from '../lib/mod.ts'
import { licenseOf } from './licenses.ts'
import type { Evidence, FoundPackage, Inventory, Package } from './packages/types.ts'
import { packageUrl } from './purl.ts'

export const spdxPredicate = 'https://spdx.dev/Document'

export interface SpdxOptions {
  /** What the document is of, for people: the image's name, or a stage's. */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly created: number
}

const noAssertion = 'NOASSERTION'

/** The inventory as a document of SPDX 2.3. The same inventory at the same time gives the same document. */
export function spdxDocument(inventory: Inventory, { name, created }: SpdxOptions): object {
  const time = `${new Date(created).toISOString().slice(0, 19)}Z`
  const tool = `Tool: strake-${version}`
  const files = new Map(inventory.evidence.map((file) => [file, idOf('File', file.path)]))
  const packages = inventory.packages.map((found) => ({ found, url: packageUrl(found, inventory.distribution) }))
  const ids = new Map(packages.map(({ found, url }) => [found, idOf(`Package-${found.kind}-${found.name}`, url)]))
  const licenses = new Map<string, string>()
  for (const { found } of packages) {
    const { extracted } = licenseOf(found.license)
    if (extracted) licenses.set(extracted.licenseId, licenses.get(extracted.licenseId) ?? extracted.extractedText)
  }
  const content = JSON.stringify([name, packages.map(({ url }) => url), inventory.evidence, inventory.unreadable])
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    // Unique (section 6.5): a namespace for each content.
    documentNamespace: `https://spdx.org/spdxdocs/strake-${hash('sha256', `${time} ${content}`).slice(0, 32)}`,
    creationInfo: { created: time, creators: [tool] },
    packages: [rootPackage(name), ...packages.map(({ found, url }) => packageOf(found, { id: ids.get(found)!, url }))],
    files: inventory.evidence.map((file) => fileOf(file, files.get(file)!)),
    ...(licenses.size > 0 && {
      hasExtractedLicensingInfos: [...licenses]
        .sort()
        .map(([licenseId, extractedText]) => ({ licenseId, extractedText, name: extractedText.slice(0, 80) })),
    }),
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', rootId),
      ...packages.map(({ found }) => relation(rootId, 'CONTAINS', ids.get(found)!)),
      ...packages.flatMap(({ found }) =>
        found.evidence.map((file) => ({
          ...relation(ids.get(found)!, 'OTHER', files.get(file)!),
          comment: 'evident-by: the package is there by what this file says',
        })),
      ),
    ],
    ...(inventory.unreadable.length > 0 && {
      annotations: inventory.unreadable.map(({ path, why }) => ({
        annotationDate: time,
        annotationType: 'OTHER',
        annotator: tool,
        comment: `unreadable package database /${textOf(path)}: ${why}. The packages that it knows are missing here.`,
      })),
    }),
  }
}

const rootId = 'SPDXRef-Root'

function rootPackage(name: string): object {
  return {
    name,
    SPDXID: rootId,
    downloadLocation: noAssertion,
    filesAnalyzed: false,
    licenseConcluded: noAssertion,
    licenseDeclared: noAssertion,
    copyrightText: noAssertion,
    primaryPackagePurpose: 'CONTAINER',
  }
}

const sources: Readonly<Record<Package['kind'], string>> = {
  deb: 'the database of dpkg',
  apk: 'the database of apk',
  rpm: 'the database of rpm',
  npm: 'package.json',
  pypi: "Python's package metadata",
}

function packageOf(found: FoundPackage, { id, url }: { readonly id: string; readonly url: string }): object {
  const { kind, name, version: versionInfo, homepage, summary, maintainer, license, evidence } = found
  return {
    name,
    SPDXID: id,
    versionInfo,
    ...(maintainer && { supplier: supplierOf(kind, maintainer) }),
    downloadLocation: noAssertion,
    filesAnalyzed: false,
    ...(homepage && /^https?:\/\/[^\s<>"]+$/.test(homepage) && { homepage }),
    sourceInfo: `found in ${sources[kind]}: ${evidence.map(({ path }) => `/${textOf(path)}`).join(', ')}`,
    licenseConcluded: noAssertion,
    licenseDeclared: licenseOf(license).expression,
    copyrightText: noAssertion,
    ...(summary && { summary }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: url }],
  }
}

/** `Person: NAME (ADDRESS)`, section 7.5. A vendor of rpm packages is no person. */
function supplierOf(kind: Package['kind'], maintainer: string): string {
  const [, name = maintainer, address] = /^(.*?)\s*<([^<>]*)>\s*$/.exec(maintainer.replace(/\s+/g, ' ')) ?? []
  return `${kind === 'rpm' ? 'Organization' : 'Person'}: ${name || address}${address ? ` (${address})` : ''}`
}

function fileOf({ path, sha1, sha256, layer }: Evidence, id: string): object {
  return {
    // Relative to the root (section 8.1).
    fileName: `./${textOf(path)}`,
    SPDXID: id,
    checksums: [
      { algorithm: 'SHA1', checksumValue: sha1 },
      { algorithm: 'SHA256', checksumValue: sha256 },
    ],
    licenseConcluded: noAssertion,
    licenseInfoInFiles: [noAssertion],
    copyrightText: noAssertion,
    // As BuildKit says it of files.
    ...(layer && { comment: `layerID: ${layer}` }),
  }
}

function relation(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement }
}

/** Unique by what it is of; letters, digits, dots and hyphens (section 3.2). */
function idOf(kind: string, of: string): string {
  return `SPDXRef-${kind.replace(/[^A-Za-z0-9.]+/g, '-')}-${hash('sha256', of).slice(0, 16)}`
}
