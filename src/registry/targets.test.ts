import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Descriptor, type Digest, digestOf, mediaTypes } from '../oci/mod.ts'
import { copy } from './copy.ts'
import { openDirectory, openLayout } from './folders.ts'
import { openRegistries } from './repository.ts'
import { searchRepositories } from './search.ts'
import { readContent, type Target } from './target.ts'
import { FaultyRegistry } from './testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'strake-targets-'))
const env = { HOME: folder, DOCKER_CONFIG: folder, CONTAINERS_REGISTRIES_CONF: join(folder, 'none') }
after(() => rmSync(folder, { recursive: true, force: true }))

const bytesOf = (value: object) => Buffer.from(JSON.stringify(value))
const describe = (bytes: Buffer, mediaType: string): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
})
async function* once(bytes: Uint8Array, from: number) {
  yield bytes.subarray(from)
}

const layer = Buffer.from('a layer')
const config = bytesOf({ architecture: 'amd64', os: 'linux' })
const manifest = bytesOf({
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config: describe(config, mediaTypes.config),
  layers: [describe(layer, mediaTypes.layer)],
})
const root = describe(manifest, mediaTypes.manifest)

/** What holds for each place that holds images. */
async function behaves(target: Target): Promise<void> {
  const blob = describe(layer, mediaTypes.layer)
  assert.equal(await target.exists(blob), false)
  await assert.rejects(target.resolve('1'), { code: 'not_found' })
  // Nothing is there that is not what it is said to be.
  await assert.rejects(target.push(blob, (from) => once(Buffer.from('another'), from)))
  assert.equal(await target.exists(blob), false)
  for (const [bytes, type] of [
    [layer, mediaTypes.layer],
    [config, mediaTypes.config],
    [manifest, mediaTypes.manifest],
  ] as const) {
    await target.push(describe(bytes, type), (from) => once(bytes, from))
  }
  await target.tag(root, '1')
  assert.equal(await target.exists(blob), true)
  const { mediaType, digest, size } = await target.resolve('1')
  assert.deepEqual({ mediaType, digest, size }, root)
  assert.deepEqual(await readContent(target, root), manifest)
  const rest: Uint8Array[] = []
  for await (const chunk of target.fetch(blob, 2)) rest.push(chunk)
  assert.equal(Buffer.concat(rest).toString(), 'layer')
  await assert.rejects(readContent(target, { ...blob, digest: digestOf('x') }))
  await assert.rejects(readContent(target, { ...blob, size: 3 }), { code: 'corrupt' })
}

test('an OCI layout is a target', () => behaves(openLayout(join(folder, 'layout'))))
test('a folder that is none is no layout', async () => {
  await assert.rejects(openLayout(join(folder, 'none')).resolve(''), { code: 'not_found', message: /is no OCI layout/ })
})
test('a directory is a target', () => behaves(openDirectory(join(folder, 'directory'))))
test('a repository is a target', async () => {
  await using registry = await new FaultyRegistry().listen()
  using registries = openRegistries({ env, retryDelay: 1 })
  await behaves(registries.repository(registry.host, 'app', { access: 'push' }))
})

test('a copy moves what is missing, children first, each once', async () => {
  await using registry = await new FaultyRegistry().listen()
  using registries = openRegistries({ env, retryDelay: 1 })
  const target = registries.repository(registry.host, 'app', { access: 'push' })
  const source = openLayout(join(folder, 'layout'))
  await copy(source, target, root)
  const order = registry.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path.split('/')[3])
  assert.deepEqual(order, ['blobs', 'blobs', 'manifests'])
  registry.requests.length = 0
  await copy(source, target, root)
  assert.deepEqual(
    registry.requests.map(({ method }) => method),
    ['HEAD'],
  )
})

test('referrers: of a registry that knows them, and by the tag where it does not', async () => {
  await using registry = await new FaultyRegistry().listen()
  using registries = openRegistries({ env, retryDelay: 1 })
  const repository = registries.repository(registry.host, 'app', { access: 'push' })
  await copy(openLayout(join(folder, 'layout')), repository, root)
  for (const name of ['one', 'two']) {
    const bytes = bytesOf({
      ...JSON.parse(manifest.toString()),
      subject: root,
      artifactType: `test/${name}`,
      annotations: { name },
    })
    await repository.push(describe(bytes, mediaTypes.manifest), (from) => once(bytes, from))
  }
  const types = async () => (await repository.referrers(root.digest)).map(({ artifactType }) => artifactType)
  assert.deepEqual(await types(), ['test/one', 'test/two'])
  assert.ok(registry.manifests.has(`app/${root.digest.replace(':', '-')}`))
  assert.deepEqual(await repository.referrers(digestOf('nothing') as Digest), [])
  registry.fault = (request, response) => {
    if (!request.url!.includes('/referrers/')) return false
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...root, artifactType: 'test/own' }] }
    response.writeHead(200, { 'content-type': mediaTypes.index }).end(JSON.stringify(index))
    return true
  }
  assert.deepEqual(await types(), ['test/own'])
})

test('tags and catalogues come page by page, and only from the same server', async () => {
  await using registry = await new FaultyRegistry().listen()
  registry.fault = (request, response) => {
    const url = new URL(request.url!, 'http://x')
    const page = Number(url.searchParams.get('page') ?? 0)
    const isTags = url.pathname === '/v2/app/tags/list'
    if (!isTags && url.pathname !== '/v2/_catalog') return false
    const next =
      page < 2
        ? { link: `<${url.pathname}?page=${page + 1}>; rel="next"` }
        : { link: '<http://elsewhere.test/v2/>; rel="next"' }
    const body = isTags ? { tags: [`t${page}`] } : { repositories: [`alice/app${page}`, 'other'] }
    response.writeHead(200, next).end(JSON.stringify(body))
    return true
  }
  using registries = openRegistries({ env, retryDelay: 1 })
  const tags: string[] = []
  for await (const tag of registries.repository(registry.host, 'app', { access: 'pull' }).tags()) tags.push(tag)
  assert.deepEqual(tags, ['t0', 't1', 't2'])
  const found = await searchRepositories({ term: `${registry.host}/app`, env, limit: 2 })
  assert.deepEqual(
    found.map(({ name }) => name),
    [`${registry.host}/alice/app0`, `${registry.host}/alice/app1`],
  )
})
