import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { rpmHeader, writeRpmDatabase } from '../../attest/testing.ts'
import type { Index } from '../../oci/mod.ts'
import { asRoot } from '../test-builds.ts'
import { Workshop } from '../testing.ts'
import type { BuildOptions } from '../types.ts'
import { buildAttested, type Statement } from './testing.ts'

describe('SBOMs, scanners and outputs with several statements', asRoot, () => {
  let workshop: Workshop
  before(async () => {
    workshop = await Workshop.open()
  })
  after(() => workshop[Symbol.dispose]())

  it('the SBOM has the packages of all layers, the same each time, and says what it could not read', async () => {
    const rpm = workshop.context()
    mkdirSync(rpm.at('rpm'))
    writeRpmDatabase(rpm.at('rpm/rpmdb.sqlite'), [rpmHeader({ 1000: 'demo', 1001: '1', 1002: '2' })])
    const context = workshop.context({
      Dockerfile: `ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
FROM busybox AS tools
ARG BUILDKIT_SBOM_SCAN_STAGE=true
COPY tool.egg-info /
FROM busybox
COPY status /var/lib/dpkg/status
COPY rpm /var/lib/rpm
COPY package.json /app/node_modules/left/package.json
COPY package.json /gone/node_modules/gone/package.json
RUN rm -r /gone; echo BDB >/var/lib/rpm/Packages
COPY --from=tools /bin/true /
`,
      status: 'Package: a\nVersion: 1\n',
      'package.json': '{"name":"left","version":"1.0.0"}',
      'tool.egg-info': 'Name: tool\nVersion: 3\n',
      '.dockerignore': '*.md',
      'node_modules/hidden.md': '',
    })
    writeRpmDatabase(context.at('rpm/rpmdb.sqlite'), [rpmHeader({ 1000: 'demo', 1001: '1', 1002: '2' })])
    const buildArgs = { SOURCE_DATE_EPOCH: '1000000000' }
    const notices: string[] = []
    const progress: BuildOptions['progress'] = (event) => event.kind === 'notice' && notices.push(event.message)
    const { statements, manifest } = await buildAttested(workshop, context, { sbom: {} }, { buildArgs, progress })
    const again = await buildAttested(workshop, context, { sbom: {} }, { buildArgs })
    assert.deepEqual(again.statements, statements)
    const urls = statements.map(({ predicate }) =>
      predicate.packages.flatMap(({ externalRefs = [] }: { externalRefs?: { referenceLocator: string }[] }) =>
        externalRefs.map(({ referenceLocator }) => referenceLocator),
      ),
    )
    assert.deepEqual(urls, [
      ['pkg:deb/debian/a@1', 'pkg:npm/left@1.0.0', 'pkg:rpm/demo@1-2'],
      ['pkg:pypi/tool@3'],
      ['pkg:pypi/tool@3'],
    ])
    const [{ predicate }] = statements as [Statement]
    const config = workshop.images.config(workshop.image(await workshop.build(context, { buildArgs })))
    assert.equal(config.rootfs.diff_ids.length, manifest.layers.length)
    const files = new Map(predicate.files.map(({ fileName, comment }: Record<string, string>) => [fileName, comment]))
    assert.equal(files.get('./var/lib/dpkg/status'), `layerID: ${config.rootfs.diff_ids[1]}`)
    assert.match(predicate.annotations[0].comment, /Packages: it is a Berkeley DB/)
    assert.ok(notices.some((message) => message.includes('var/lib/rpm/Packages')))
    assert.equal(predicate.creationInfo.created, '2001-09-09T01:46:40Z')
    assert.deepEqual(statements.map(({ predicate }) => predicate.name).slice(1), ['context', 'tools'])
  })

  it('a file is of the layer that it is in, also where that lies over the one of an earlier build', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`app/${i}`, `${i}`]))
    const context = workshop.context({
      Dockerfile: 'FROM busybox\nCOPY app /app\n',
      ...many,
      'app/node_modules/left/package.json': '{"name":"left","version":"1.0.0"}',
    })
    // A file is known by its times only when the clock has gone on since it was written.
    await setTimeout(100)
    await workshop.build(context)
    context.write('app/7', 'changed')
    const { statements } = await buildAttested(workshop, context, { sbom: {} })
    const [{ predicate }] = statements as [Statement]
    const image = workshop.image(await workshop.build(context))
    assert.ok(workshop.store.snapshots.get(image.snapshot!).sharing?.over)
    const { rootfs } = workshop.images.config(image)
    const found = predicate.files.find(({ fileName }: { fileName: string }) => fileName.endsWith('left/package.json'))
    assert.equal(found.comment, `layerID: ${rootfs.diff_ids.at(-1)}`)
  })

  it("a scanner runs by BuildKit's protocol, once for the same files", async () => {
    const script = `set -e
for root in "$BUILDKIT_SCAN_SOURCE" "$BUILDKIT_SCAN_SOURCE_EXTRAS"/*; do
  name=$(basename "$root")
  if (: >"$root/new") 2>/dev/null; then exit 9; fi
  files=$(cd "$root"; ls | grep -x mark || true)
  echo "{\\"_type\\":\\"https://in-toto.io/Statement/v0.1\\",\\"predicateType\\":\\"https://spdx.dev/Document\\",\\"predicate\\":{\\"name\\":\\"$name\\",\\"found\\":\\"$files\\",\\"extra\\":\\"$BUILDKIT_SCAN_depth $*\\"}}" \\
    >"\${BUILDKIT_SCAN_DESTINATION}$name.spdx.json"
done
echo scanned
`
    const scanner = workshop.context({
      Dockerfile: 'FROM busybox\nCOPY scan /\nENTRYPOINT ["/bin/sh", "/scan"]\nCMD ["word"]\n',
      scan: script,
    })
    await workshop.build(scanner, { tags: ['scanner:1'] })
    const context = workshop.context({
      Dockerfile: 'FROM busybox AS base\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN : >/mark\nFROM base\nRUN rm /mark\n',
    })
    const sbom = { generator: 'scanner:1', parameters: { depth: '3' } }
    const { statements, result, attestation } = await buildAttested(workshop, context, { sbom, provenance: {} })
    assert.match(result.log, /scanned/)
    assert.ok(attestation)
    assert.deepEqual(
      statements.slice(0, -1).map(({ predicate }) => predicate),
      [
        { name: 'sbom', found: '', extra: '3 word' },
        { name: 'sbom-base', found: 'mark', extra: '3 word' },
      ],
    )
    const { resolvedDependencies } = statements.at(-1)!.predicate.buildDefinition
    assert.match(resolvedDependencies[1].uri, /^pkg:docker\/scanner@1/)
    const again = await buildAttested(workshop, context, { sbom })
    assert.doesNotMatch(again.result.log, /scanned/)
    assert.deepEqual(again.statements, statements.slice(0, -1))

    const fails = workshop.context({ Dockerfile: 'FROM busybox\nRUN false\n' })
    await assert.rejects(buildAttested(workshop, fails, { sbom: { generator: 'missing:1' } }), {
      message: /missing:1: there is no such image/,
    })
    await workshop.build(workshop.context({ Dockerfile: 'FROM busybox\nCMD ["true"]\n' }), { tags: ['silent:1'] })
    await assert.rejects(buildAttested(workshop, context, { sbom: { generator: 'silent:1' } }), {
      message: /wrote nothing into \/run\/out$/,
    })
    const odd = 'FROM busybox\nCMD ["sh", "-c", "echo {} >/run/out/a.spdx.json"]\n'
    await workshop.build(workshop.context({ Dockerfile: odd }), { tags: ['odd:1'] })
    await assert.rejects(buildAttested(workshop, context, { sbom: { generator: 'odd:1' } }), {
      message: /which is no in-toto statement$/,
    })
    const link = 'FROM busybox\nCMD ["sh", "-c", "ln -s /etc/passwd /run/out/a.spdx.json"]\n'
    await workshop.build(workshop.context({ Dockerfile: link }), { tags: ['link:1'] })
    await assert.rejects(buildAttested(workshop, context, { sbom: { generator: 'link:1' } }), {
      message: /which is no in-toto statement$/,
    })
  })

  it('each platform has its own', async () => {
    const context = workshop.context({
      Dockerfile: `FROM --platform=$BUILDPLATFORM busybox AS tool
ARG BUILDKIT_SBOM_SCAN_STAGE=true
RUN printf 'Name: a\\nVersion: 1\\n' >/a.egg-info
FROM scratch
COPY --from=tool /a.egg-info /
`,
    })
    const platform = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }))
    const attest = { provenance: { mode: 'min' }, sbom: {} } as const
    const { all } = await buildAttested(workshop, context, attest, { platform })
    const documents = all().flatMap((bytes) => (bytes[0] === 0x7b ? [JSON.parse(bytes.toString())] : []))
    const { manifests } = documents.find((document) => document.manifests) as Index
    assert.deepEqual(
      manifests.map((each) => each.platform!.architecture),
      ['amd64', 'arm64', 'unknown', 'unknown'],
    )
    const subjects = documents.flatMap(({ subject }) => subject ?? []).map(({ digest }) => `sha256:${digest.sha256}`)
    const images = manifests.slice(0, 2).map(({ digest }) => digest)
    assert.deepEqual(subjects.sort(), [...images, ...images, ...images].sort())
    const dest = mkdtempSync(join(workshop.home, 'out-'))
    await workshop.build(context, { platform, attest, outputs: [{ kind: 'local', dest }] })
    const names = ['a.egg-info', 'provenance.json', 'sbom-tool.spdx.json', 'sbom.spdx.json']
    assert.deepEqual(readdirSync(join(dest, 'linux_arm64')), names)
    const together = workshop.context({
      Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY file /$TARGETARCH\n',
      file: 'x',
    })
    const flat = mkdtempSync(join(workshop.home, 'out-'))
    const outputs = [{ kind: 'local', dest: flat, platformSplit: false, attestationPrefix: 'p-' }] as const
    await workshop.build(together, { platform, attest: { provenance: {} }, outputs })
    const wanted = ['amd64', 'arm64', 'p-provenance.linux_amd64.json', 'p-provenance.linux_arm64.json']
    assert.deepEqual(readdirSync(flat), wanted)
  })

  it('outputs that are files have the statements as files, on the hashes of the others', async () => {
    const context = workshop.context({
      Dockerfile: 'FROM scratch\nCOPY file /sub/\nCOPY file /provenance.json\n',
      file: 'content\n',
    })
    const attest = { provenance: {}, sbom: {} }
    const dest = mkdtempSync(join(workshop.home, 'out-'))
    await workshop.build(context, { attest, outputs: [{ kind: 'local', dest }] })
    assert.deepEqual(readdirSync(dest), ['provenance.json', 'sbom.spdx.json', 'sub'])
    const sha256 = createHash('sha256').update('content\n').digest('hex')
    for (const name of ['provenance.json', 'sbom.spdx.json']) {
      const { subject } = JSON.parse(readFileSync(join(dest, name), 'utf8')) as Statement
      assert.deepEqual(subject, [{ name: 'sub/file', digest: { sha256 } }])
    }
    const tar = join(workshop.home, 'out.tar')
    const inline = { provenance: { inlineOnly: true }, sbom: {} }
    await workshop.build(context, { attest: inline, outputs: [{ kind: 'tar', dest: tar }] })
    assert.equal(execFileSync('tar', ['-tf', tar]).toString(), 'provenance.json\nsub/\nsub/file\nsbom.spdx.json\n')
    await assert.rejects(workshop.build(context, { attest, outputs: [{ kind: 'docker', dest: tar }] }), {
      message: /^docker exporter does not support exporting manifest lists/,
    })
    const outside = { kind: 'tar', dest: tar, attestationPrefix: '../' } as const
    await assert.rejects(workshop.build(context, { attest, outputs: [outside] }), {
      message: 'invalid attestation prefix "../"',
    })
  })
})
