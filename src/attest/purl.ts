import { formatPlatform, type Platform, parseReference } from '../oci/mod.ts'
import type { Distribution, Package } from './packages/types.ts'

/** Package URLs (github.com/package-url/purl-spec). */

/** Percent-encoded, but for what may stand in any part. */
function encoded(part: string): string {
  return encodeURIComponent(part)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':')
}

function purl(type: string, path: readonly string[], version: string | undefined, more: Qualifiers): string {
  const qualifiers = Object.entries(more)
    .flatMap(([key, value]) => (value ? [`${key}=${encoded(value)}`] : []))
    .sort()
  const name = path.filter(Boolean).map(encoded).join('/')
  return `pkg:${type}/${name}${version ? `@${encoded(version)}` : ''}${qualifiers.length ? `?${qualifiers.join('&')}` : ''}`
}

type Qualifiers = Readonly<Record<string, string | undefined>>

/** `pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64&distro=debian-12` */
export function packageUrl(found: Package, distribution: Distribution | undefined): string {
  const { kind, name, version, architecture: arch, upstream, epoch } = found
  const distro = distribution && [distribution.id, distribution.version].filter(Boolean).join('-')
  switch (kind) {
    case 'deb':
      return purl('deb', [distribution?.id ?? 'debian', name], version, { arch, distro, upstream })
    case 'apk':
      return purl('apk', [distribution?.id ?? 'alpine', name], version, { arch, distro, upstream })
    case 'rpm':
      return purl('rpm', [distribution?.id ?? '', name], version, { arch, distro, epoch, upstream })
    case 'npm':
      return purl('npm', name.split('/'), version, {})
    case 'pypi':
      return purl('pypi', [name.toLowerCase().replace(/[-_.]+/g, '-')], version, {})
  }
}

/** An image, as BuildKit writes it: `pkg:docker/debian@12?platform=linux%2Famd64`; `library/` of Docker Hub is left out. */
export function imageUrl(name: string, platform: Platform | undefined): string {
  const { registry, repository, tag, digest } = parseReference(name)
  const path = registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`
  return purl('docker', path.split('/'), tag, {
    digest,
    platform: platform && formatPlatform(platform),
  })
}
