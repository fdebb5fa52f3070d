import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { enter, noPeers } from '../support/peers.ts'

const database = '/var/lib/dpkg/status'
const skip = notRoot || noRegistry || noPeers || (!existsSync(database) && 'needs dpkg')

test('buildx and crane read the attestations of what is pushed', { skip }, async () => {
  await using box = new Sandbox()
  await using registry = await startRegistry(join(box.dir, 'registry'))
  await box.busybox()
  const dir = box.context({
    Dockerfile: `FROM busybox
COPY status ${database}
COPY left /app/node_modules/left
COPY METADATA /site-packages/right-2.dist-info/METADATA
RUN --mount=type=secret,id=key true
`,
    status: readFileSync(database, 'utf8'),
    'left/package.json': '{"name":"left","version":"1.0.0"}',
    METADATA: 'Name: right\nVersion: 2\n',
  })
  const name = `${registry.host}/app:1`
  const metadata = join(box.dir, 'metadata.json')
  const env = { KEY: 'never to be seen' }
  const options = ['--provenance=true', '--sbom=true', '--push', '--metadata-file', metadata]
  await box.ok(['build', '-q', '--network=none', '--secret=id=key,env=KEY', '-t', name, ...options, dir], { env })

  const inspect = (format: string) =>
    JSON.parse(enter(box.dir, `docker buildx imagetools inspect ${name} --format '{{json ${format}}}'`))
  const { SPDX } = inspect('.SBOM')
  const found: string[] = SPDX.packages
    .slice(1)
    .map((each: Record<string, string>) => `${each.name} ${each.versionInfo}`)
  const format = '${db:Status-Status} ${Package} ${Version}\n'
  const told = execFileSync('dpkg-query', ['-W', '-f', format]).toString().split('\n')
  const installed = told.flatMap((line) => /^(?!config-files|not-installed)\S+ (.+)$/.exec(line)?.[1] ?? [])
  // One name may be there for several architectures.
  assert.deepEqual(new Set(found), new Set([...installed, 'left 1.0.0', 'right 2']))

  const { SLSA } = inspect('.Provenance')
  assert.deepEqual(SLSA.buildDefinition.externalParameters.request.secrets, [{ id: 'key', optional: true }])
  assert.equal(SLSA.buildDefinition.internalParameters.buildConfig.llbDefinition.length, 7)

  enter(box.dir, `crane validate --fast --remote ${name}`)
  const digest = enter(box.dir, `crane digest ${name}`).trim()
  const written = JSON.parse(readFileSync(metadata, 'utf8'))
  assert.equal(written['containerimage.digest'], digest)
  assert.ok(written['buildx.build.provenance'].buildDefinition)
  const { manifests } = JSON.parse(enter(box.dir, `crane manifest ${name}`))
  const { layers } = JSON.parse(enter(box.dir, `crane manifest ${name}@${manifests[1].digest}`))
  for (const layer of layers) {
    const blob = enter(box.dir, `crane blob ${name}@${layer.digest}`)
    assert.equal(JSON.parse(blob).subject[0].digest.sha256, manifests[0].digest.slice(7))
    assert.ok(!blob.includes(env.KEY))
  }
})
