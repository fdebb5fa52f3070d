import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf, hex } from '../oci/mod.ts'
import { type BuildFacts, provenance, provenanceSummary } from './provenance.ts'
import { attestationManifest } from './statement.ts'

const facts: BuildFacts = {
  materials: [{ uri: 'pkg:docker/debian@12', digest: { sha256: 'a' } }],
  complete: false,
  network: true,
  config: { path: 'Dockerfile' },
  request: {
    args: { 'build-arg:A': '1', 'label:L': '2', target: 'app' },
    secrets: [{ id: 's', optional: true }],
    ssh: [],
    locals: ['context', 'dockerfile'],
  },
  builderPlatform: 'linux/amd64',
  invocationId: 'id',
  startedAt: 0,
  finishedAt: 1000,
  vcs: { revision: 'abc' },
  dockerfile: { name: 'Dockerfile', text: Buffer.from('FROM debian') },
  steps: [
    { op: { Op: {} }, digest: 'sha256:1', inputs: [], lines: { start: 1, end: 2 }, layers: undefined },
    { op: { Op: {} }, digest: 'sha256:2', inputs: [0], lines: undefined, layers: [] },
  ],
}

// biome-ignore lint/suspicious/noExplicitAny: a document of which tests look at parts
type Document = any

describe('provenance', () => {
  it('v1, max: all of it', () => {
    const { type, predicate } = provenance(facts, { builderId: 'https://ci.example.com', reproducible: true })
    assert.equal(type, 'https://slsa.dev/provenance/v1')
    const { buildDefinition, runDetails } = predicate as Document
    assert.deepEqual(buildDefinition.externalParameters.request, {
      frontend: 'dockerfile.v0',
      args: facts.request.args,
      secrets: [{ id: 's', optional: true }],
      locals: [{ name: 'context' }, { name: 'dockerfile' }],
    })
    assert.deepEqual(buildDefinition.resolvedDependencies, facts.materials)
    const { llbDefinition, digestMapping } = buildDefinition.internalParameters.buildConfig
    assert.deepEqual(llbDefinition[1], { id: 'step1', op: { Op: {} }, inputs: ['step0:0'] })
    assert.deepEqual(digestMapping, { 'sha256:1': 'step0', 'sha256:2': 'step1' })
    const { metadata, builder } = runDetails
    assert.equal(builder.id, 'https://ci.example.com')
    assert.deepEqual(
      [metadata.startedOn, metadata.finishedOn],
      ['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:01.000Z'],
    )
    assert.deepEqual(metadata.buildkit_completeness, { request: true, resolvedDependencies: false })
    assert.equal(metadata.buildkit_reproducible, true)
    assert.equal(metadata.buildkit_hermetic, undefined)
    const { source, layers, vcs } = metadata.buildkit_metadata
    assert.equal(Buffer.from(source.infos[0].data, 'base64').toString(), 'FROM debian')
    assert.deepEqual(source.locations.step0.locations[0].ranges, [{ start: { line: 1 }, end: { line: 2 } }])
    assert.deepEqual(Object.keys(layers), ['step1:0'])
    assert.deepEqual(vcs, { revision: 'abc' })
  })

  it('min: nothing of arguments, labels, secrets and steps, and it says so', () => {
    for (const version of ['v1', 'v0.2'] as const) {
      const text = JSON.stringify(provenance(facts, { mode: 'min', version }))
      for (const word of ['build-arg', 'label:', 'secrets', 'llbDefinition', 'infos', 'layers']) {
        assert.ok(!text.includes(word), word)
      }
      assert.match(text, /"target":"app"/)
      assert.match(text, /"(?:request|parameters)":false/)
    }
  })

  it("v0.2: BuildKit's keys", () => {
    const { type, predicate } = provenance({ ...facts, complete: true, network: false }, { version: 'v0.2' })
    assert.equal(type, 'https://slsa.dev/provenance/v0.2')
    const { invocation, metadata, materials, buildConfig } = predicate as Document
    assert.deepEqual(invocation.configSource, { entryPoint: 'Dockerfile' })
    assert.equal(invocation.parameters.args.target, 'app')
    assert.equal(metadata.completeness['https://mobyproject.org/buildkit@v1#hermetic'], true)
    assert.equal(metadata.reproducible, false)
    assert.equal(materials.length, 1)
    assert.equal(buildConfig.llbDefinition.length, 2)
  })

  it('a summary has no times and no steps', () => {
    for (const version of ['v1', 'v0.2'] as const) {
      const text = JSON.stringify(provenanceSummary(facts, { version }))
      assert.match(text, /build-arg:A/)
      assert.ok(!/1970|llbDefinition|invocationId/.test(text))
    }
  })
})

describe('attestation manifests', () => {
  const digest = digestOf('manifest')
  const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 }
  const predicates = [{ type: 'https://spdx.dev/Document', predicate: {} }]

  it('name the image, and hold each statement as a layer', () => {
    const attestation = attestationManifest(manifest, { names: ['pkg:docker/a@1', 'pkg:docker/b@1'], predicates })
    const { descriptor, bytes } = attestation.manifest
    assert.deepEqual(descriptor.platform, { architecture: 'unknown', os: 'unknown' })
    assert.equal(descriptor.annotations?.['vnd.docker.reference.digest'], digest)
    const { config, layers } = JSON.parse(bytes.toString())
    const [own, statement] = attestation.blobs.map((blob) => JSON.parse(blob.bytes.toString()))
    assert.equal(config.digest, attestation.blobs[0]!.descriptor.digest)
    assert.deepEqual(own.rootfs.diff_ids, [layers[0].digest])
    assert.equal(layers[0].annotations['in-toto.io/predicate-type'], 'https://spdx.dev/Document')
    assert.deepEqual(
      statement.subject.map(({ name }: { name: string }) => name),
      ['pkg:docker/a@1', 'pkg:docker/b@1'],
    )
    assert.equal(statement.subject[0].digest.sha256, hex(digest))
  })

  it('an image without names is a subject all the same', () => {
    const [, statement] = attestationManifest(manifest, { names: [], predicates }).blobs
    assert.deepEqual(JSON.parse(statement!.bytes.toString()).subject, [{ name: '_', digest: { sha256: hex(digest) } }])
  })
})
