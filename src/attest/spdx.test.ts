import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutCredentials } from './credentials.ts'
import { licenseOf } from './licenses.ts'
import type { Inventory, Package } from './packages/types.ts'
import { imageUrl, packageUrl } from './purl.ts'
import { spdxDocument } from './spdx.ts'

const debian = { id: 'debian', version: '12' }

describe('package URLs', () => {
  it('of each kind', () => {
    const url = (found: Omit<Package, 'version'>, version = '1:2.0+b1~x') => packageUrl({ ...found, version }, debian)
    assert.equal(
      url({ kind: 'deb', name: 'libstdc++6', architecture: 'amd64', upstream: 'gcc-12' }),
      'pkg:deb/debian/libstdc%2B%2B6@1:2.0%2Bb1~x?arch=amd64&distro=debian-12&upstream=gcc-12',
    )
    assert.equal(packageUrl({ kind: 'deb', name: 'a', version: '1' }, undefined), 'pkg:deb/debian/a@1')
    assert.equal(packageUrl({ kind: 'apk', name: 'a', version: '1-r0' }, undefined), 'pkg:apk/alpine/a@1-r0')
    assert.equal(
      packageUrl(
        { kind: 'rpm', name: 'a', version: '1-2', epoch: '0', architecture: 'noarch' },
        { id: 'fedora', version: '40' },
      ),
      'pkg:rpm/fedora/a@1-2?arch=noarch&distro=fedora-40&epoch=0',
    )
    assert.equal(url({ kind: 'npm', name: '@scope/a' }, '1.0.0'), 'pkg:npm/%40scope/a@1.0.0')
    assert.equal(url({ kind: 'pypi', name: 'Flask_Login' }, '1.0'), 'pkg:pypi/flask-login@1.0')
  })

  it('of images, as BuildKit has them', () => {
    const platform = { os: 'linux', architecture: 'amd64' }
    assert.equal(imageUrl('app:1', platform), 'pkg:docker/app@1?platform=linux%2Famd64')
    assert.equal(imageUrl('registry.test:5000/a/b', undefined), 'pkg:docker/registry.test:5000/a/b@latest')
    const digest = `sha256:${'0'.repeat(64)}`
    assert.equal(imageUrl(`app@${digest}`, undefined), `pkg:docker/app?digest=${digest}`)
  })
})

describe('licenses', () => {
  it('expressions of the list stay, others are quoted', () => {
    for (const text of ['MIT', 'MIT AND (Apache-2.0 OR ISC)', '(MIT OR BSD-3-Clause)']) {
      assert.deepEqual(licenseOf(text), { expression: text })
    }
    assert.deepEqual(licenseOf(undefined), { expression: 'NOASSERTION' })
    for (const text of [
      'GPLv2+',
      'MIT AND',
      'MIT ISC',
      '(MIT',
      'MIT)',
      '()',
      '',
      'MIT (ISC)',
      'see LICENSE, "there"',
    ]) {
      const { expression, extracted } = licenseOf(text)
      assert.match(expression, /^LicenseRef-[A-Za-z0-9.-]+$/)
      assert.deepEqual(extracted, { licenseId: expression, extractedText: text })
    }
  })
})

describe('credentials of URLs', () => {
  it('are left out', () => {
    const cases = {
      'https://user:pass@example.com/a.git#main': 'https://example.com/a.git#main',
      'https://TOKEN@example.com/a': 'https://example.com/a',
      'ADD https://u:p@example.com/x https://y@example.com/z /': 'ADD https://example.com/x https://example.com/z /',
      'ssh://git@example.com/a': 'ssh://git@example.com/a',
      'ssh://git:pw@example.com/a': 'ssh://example.com/a',
      'git@example.com:a.git': 'git@example.com:a.git',
      'https://example.com/a?x=1&X-Amz-Signature=abc&y=2': 'https://example.com/a?x=1&X-Amz-Signature=xxxxx&y=2',
      'https://example.com/?access_token=abc#f': 'https://example.com/?access_token=xxxxx#f',
      'https://example.com/@scope/a@1': 'https://example.com/@scope/a@1',
      'a@b, no URL: token=1': 'a@b, no URL: token=1',
    }
    for (const [text, wanted] of Object.entries(cases)) assert.equal(withoutCredentials(text), wanted)
    // In no time, whatever stands there.
    for (const part of ['a', 'a.', '://', '?token', '&', '://a', '?']) {
      const long = `://${part.repeat(3e5)}`
      assert.equal(withoutCredentials(long), long)
    }
  })
})

describe('SPDX documents', () => {
  const file = { path: 'var/lib/dpkg/status', sha1: '1'.repeat(40), sha256: '2'.repeat(64), layer: 'sha256:abc' }
  const inventory: Inventory = {
    distribution: debian,
    packages: [
      { kind: 'deb', name: 'a', version: '1', maintainer: 'A  B <a@b.c>', license: 'odd one', evidence: [file] },
      { kind: 'npm', name: 'a', version: '1', homepage: 'javascript:x', evidence: [file] },
    ],
    evidence: [file],
    unreadable: [{ path: 'var/lib/rpm/Packages', why: 'it is old' }],
  }
  type Items = readonly Readonly<Record<string, string>>[]

  it('are the same for the same inventory, name the packages and what says so', () => {
    const at = { name: 'app:1', created: 1_700_000_000_123 }
    const document = spdxDocument(inventory, at) as Record<string, Items> & { spdxVersion: string }
    assert.deepEqual(spdxDocument(structuredClone(inventory), at), document)
    assert.equal(document.spdxVersion, 'SPDX-2.3')
    assert.deepEqual(
      document.packages!.map(({ name, supplier, homepage }) => [name, supplier, homepage]),
      [
        ['app:1', undefined, undefined],
        ['a', 'Person: A B (a@b.c)', undefined],
        ['a', undefined, undefined],
      ],
    )
    const ids = ['packages', 'files'].flatMap((key) => document[key]!.map(({ SPDXID }) => SPDXID))
    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) assert.match(id!, /^SPDXRef-[A-Za-z0-9.-]+$/)
    for (const { spdxElementId, relatedSpdxElement } of document.relationships!) {
      for (const id of [spdxElementId, relatedSpdxElement]) assert.ok(id === 'SPDXRef-DOCUMENT' || ids.includes(id))
    }
    assert.equal(document.files![0]!.comment, 'layerID: sha256:abc')
    assert.match(document.annotations![0]!.comment!, /Packages: it is old/)
    assert.equal(document.hasExtractedLicensingInfos![0]!.licenseId, 'LicenseRef-odd-one')
  })
})
