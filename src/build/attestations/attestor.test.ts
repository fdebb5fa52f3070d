import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Digest, hex, type Index, type Manifest } from '../../oci/mod.ts'
import { FaultyRegistry } from '../../registry/testing.ts'
import { asRoot } from '../test-builds.ts'
import { Workshop } from '../testing.ts'
import type { AttestOptions, BuildOptions } from '../types.ts'
import { buildAttested, type Statement } from './testing.ts'

describe('attestations', asRoot, () => {
  let workshop: Workshop
  before(async () => {
    workshop = await Workshop.open()
  })
  after(() => workshop[Symbol.dispose]())

  it('an index holds the image, which is what it is without, and a manifest of statements on it', async () => {
    const context = workshop.context({
      Dockerfile: 'FROM busybox AS base\nRUN echo x >/x\nFROM base\nCOPY file /\nLABEL a=b\n',
      file: 'content\n',
    })
    const plain = await buildAttested(workshop, context, undefined)
    const options = { tags: ['app:1', 'registry.test/app:2'], labels: { l: '1' }, buildArgs: { A: '1' } }
    await workshop.build(context, options)
    const alone = await buildAttested(workshop, context, undefined, options)
    const { image, attestation, statements, manifest, result } = await buildAttested(
      workshop,
      context,
      { provenance: {}, sbom: {} },
      options,
    )
    assert.equal(plain.attestation, undefined)
    assert.equal(image.digest, alone.image.digest)
    assert.deepEqual(image.platform, { architecture: 'amd64', os: 'linux' })
    assert.deepEqual(attestation!.platform, { architecture: 'unknown', os: 'unknown' })
    assert.deepEqual(attestation!.annotations, {
      'vnd.docker.reference.digest': image.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    })
    const [sbom, provenance] = statements
    assert.deepEqual(
      statements.map(({ predicateType }) => predicateType),
      ['https://spdx.dev/Document', 'https://slsa.dev/provenance/v1'],
    )
    const digest = { sha256: hex(image.digest as Digest) }
    for (const { subject } of statements) {
      assert.deepEqual(subject, [
        { name: 'pkg:docker/app@1?platform=linux%2Famd64', digest },
        { name: 'pkg:docker/registry.test/app@2?platform=linux%2Famd64', digest },
      ])
    }
    assert.equal(sbom!.predicate.name, 'app:1')
    const { buildDefinition, runDetails } = provenance!.predicate
    assert.deepEqual(buildDefinition.externalParameters, {
      configSource: { path: 'Dockerfile' },
      request: {
        frontend: 'dockerfile.v0',
        args: { 'build-arg:A': '1', 'force-network-mode': 'none', 'label:l': '1' },
        locals: [{ name: 'context' }, { name: 'dockerfile' }],
      },
    })
    const base = workshop.images.get('busybox').manifest.digest
    assert.deepEqual(buildDefinition.resolvedDependencies, [
      { uri: 'pkg:docker/busybox@latest?platform=linux%2Famd64', digest: { sha256: hex(base) } },
    ])
    const { llbDefinition, digestMapping } = buildDefinition.internalParameters.buildConfig
    assert.deepEqual(
      llbDefinition.map(({ op, inputs }: { op: { Op: object }; inputs?: string[] }) => [Object.keys(op.Op)[0], inputs]),
      [
        ['source', undefined],
        ['exec', ['step0:0']],
        ['source', undefined],
        ['file', ['step1:0', 'step2:0']],
        [undefined, ['step3:0']],
      ],
    )
    assert.equal(Object.keys(digestMapping).length, llbDefinition.length)
    const { layers, source } = runDetails.metadata.buildkit_metadata
    assert.deepEqual(layers['step3:0'], [manifest.layers])
    assert.deepEqual(layers['step0:0'], [manifest.layers.slice(0, 1)])
    assert.deepEqual(source.locations.step1.locations[0].ranges[0].start, { line: 2 })
    assert.equal(Buffer.from(source.infos[0].data, 'base64').toString(), readFileSync(context.at('Dockerfile'), 'utf8'))
    assert.match(runDetails.metadata.invocationId, /^[0-9a-z]{25}$/)
    assert.equal(runDetails.metadata.invocationId, result.record.id)
  })

  it('has no secret, credential or proxy in it', async () => {
    const server = createServer((_, response) => response.end('file\n')).listen(0, '127.0.0.1')
    after(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file?token=sesame5`
    const context = workshop.context({
      Dockerfile: `FROM busybox
ARG URL
ADD $URL /file
RUN --mount=type=secret,id=key --mount=type=secret,id=env,env=KEY --mount=type=ssh true
COPY <<EOF /doc
text
EOF
# hunter22 https://user:swordfish@example.com/
`,
    })
    const { all, statements } = await buildAttested(
      workshop,
      context,
      { provenance: {}, sbom: {} },
      {
        buildArgs: {
          URL: url,
          HTTP_PROXY: 'http://joe:opensesame@proxy.test',
          PIN: 'hunter22',
          M: 'https://me:xyzzy99@a.test',
        },
        secrets: { key: { kind: 'value', value: 'hunter22' }, env: { kind: 'value', value: 'plugh-plugh' } },
      },
    )
    const attested = statements.map((statement) => {
      const text = JSON.stringify(statement)
      const source = statement.predicate.runDetails?.metadata.buildkit_metadata.source.infos[0].data ?? ''
      return text + Buffer.from(source, 'base64').toString()
    })
    for (const secret of ['hunter22', 'plugh-plugh', 'swordfish', 'opensesame', 'proxy.test', 'xyzzy99', 'sesame5']) {
      for (const text of attested) assert.ok(!text.includes(secret), secret)
    }
    // What only steps were given is in no blob at all.
    for (const bytes of all()) assert.ok(!bytes.includes('plugh-plugh') && !bytes.includes('opensesame'))
    const { buildDefinition } = statements[1]!.predicate
    const { request } = buildDefinition.externalParameters
    assert.deepEqual(request.secrets, [
      { id: 'env', optional: true },
      { id: 'key', optional: true },
    ])
    assert.deepEqual(request.ssh, [{ id: 'default', optional: true }])
    assert.deepEqual(request.args['build-arg:M'], 'https://a.test')
    const sha256 = createHash('sha256').update('file\n').digest('hex')
    assert.deepEqual(buildDefinition.resolvedDependencies[1], {
      uri: url.replace('sesame5', 'xxxxx'),
      digest: { sha256 },
    })
  })

  it('the result tells it too where it is asked for, attested or not', async () => {
    const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN echo "$A" >/a\n' })
    const options = { buildArgs: { A: '1' } }
    const of = (attest: AttestOptions | undefined, more: Partial<BuildOptions>) =>
      buildAttested(workshop, context, attest, more)
    const silent = await of(undefined, options)
    assert.equal(silent.result.provenance, undefined)
    const short = await of(undefined, { ...options, resultProvenance: 'min' })
    assert.ok(!JSON.stringify(short.result.provenance).includes('invocationId'))
    const { result, manifest } = await of(undefined, { ...options, resultProvenance: 'max' })
    const { buildDefinition, runDetails } = result.provenance as Statement['predicate']
    assert.equal(buildDefinition.externalParameters.request.args['build-arg:A'], '1')
    assert.equal(runDetails.metadata.invocationId, result.record.id)
    assert.deepEqual(runDetails.metadata.buildkit_metadata.layers['step1:0'], [manifest.layers])
    const asked = { provenance: { mode: 'min', version: 'v0.2' } } as const
    const both = await of(asked, { ...options, resultProvenance: 'max' })
    assert.equal(both.statements[0]!.predicate.buildConfig, undefined)
    const told = both.result.provenance as Statement['predicate']
    assert.equal(told.buildConfig.llbDefinition.length, 3)
    const place = 'https://mobyproject.org/buildkit@v1#metadata'
    assert.deepEqual(told.metadata[place].layers['step1:0'], [manifest.layers])
  })

  it('a repository is the source of configuration, and complete', async () => {
    const repository = workshop.context({ Dockerfile: 'FROM busybox\nRUN --network=none true\n' })
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', repository.path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args])
        .toString()
        .trim()
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('remote', 'add', 'origin', 'https://joe:xyzzy99@example.com/r.git')
    const sha1 = git('rev-parse', 'HEAD')
    const url = `file://${repository.path}#main`
    const fetched = await buildAttested(
      workshop,
      repository,
      { provenance: { mode: 'min' } },
      { context: { kind: 'git', url } },
    )
    const [{ predicate }] = fetched.statements as [Statement]
    const { externalParameters, resolvedDependencies } = predicate.buildDefinition
    assert.deepEqual(externalParameters.configSource, { uri: url, digest: { sha1 }, path: 'Dockerfile' })
    assert.deepEqual(resolvedDependencies[1], { uri: url, digest: { sha1 } })
    assert.deepEqual(predicate.runDetails.metadata.buildkit_completeness, { request: true, resolvedDependencies: true })
    assert.equal(predicate.runDetails.metadata.buildkit_hermetic, true)

    const vcs = async () => {
      const { statements } = await buildAttested(workshop, repository, { provenance: { mode: 'min' } })
      return statements[0]!.predicate.runDetails.metadata.buildkit_metadata.vcs
    }
    const source = 'https://example.com/r.git'
    const place = { 'localdir:context': '.', 'localdir:dockerfile': '.' }
    assert.deepEqual(await vcs(), { ...place, revision: sha1, source })
    repository.write('new', '')
    assert.deepEqual(await vcs(), { ...place, revision: `${sha1}-dirty`, source })
  })

  it('the store keeps them with the name, and a push sends them', async () => {
    await using registry = await new FaultyRegistry().listen()
    const name = `${registry.host}/app:1`
    const context = workshop.context({ Dockerfile: 'FROM busybox\nRUN echo y >/y\n' })
    await workshop.build(context, { tags: [name], attest: { provenance: {} }, outputs: [{ kind: 'image' }] })
    const index = workshop.images.index(name)
    assert.equal(index?.members.length, 2)
    const { exported } = await workshop.build(context, {
      tags: [name],
      attest: { provenance: {}, sbom: {} },
      outputs: [{ kind: 'image', push: 'tags' }],
    })
    const { manifests } = JSON.parse(registry.manifests.get('app/1')!.bytes.toString()) as Index
    assert.equal(exported[0]!.manifest.digest, workshop.images.index(name)!.manifest.digest)
    const [image, attestation] = manifests
    assert.equal(attestation!.annotations?.['vnd.docker.reference.digest'], image!.digest)
    const { layers } = JSON.parse(registry.manifests.get(`app/${attestation!.digest}`)!.bytes.toString()) as Manifest
    assert.equal(layers.length, 2)
    for (const { digest } of layers) assert.ok(registry.blobs.has(digest))
  })

  it('a reproducible image is the same with them', async () => {
    const context = workshop.context({ Dockerfile: 'FROM busybox\nCOPY file /\nRUN date >/date\n', file: 'x' })
    const options = { reproducible: true, noCache: true, buildArgs: { SOURCE_DATE_EPOCH: '1000000000' } }
    context.write('Dockerfile', 'FROM busybox\nCOPY file /\nRUN touch /new\n')
    const plain = await buildAttested(workshop, context, undefined, options)
    const attested = await buildAttested(workshop, context, { provenance: {}, sbom: {} }, options)
    assert.equal(attested.image.digest, plain.image.digest)
  })
})
