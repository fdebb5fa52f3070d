import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openImages } from '../images/mod.ts'
import { makeImage, makeTar } from '../images/testing.ts'
import { dismissWorkers } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { type DiffId, mediaTypes } from '../oci/mod.ts'
import { openStore } from '../store/mod.ts'
import { pullImage } from './pull.ts'
import { pushImage } from './push.ts'
import { digestOf, FaultyRegistry } from './testing.ts'

const options = { skip: process.getuid?.() !== 0 && 'needs root' }
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  return dismissWorkers()
})

function sandbox() {
  const root = mkdtempSync('/var/tmp/strake-registry-test-')
  folders.push(root)
  const store = openStore(join(root, 'store'))
  const env = { HOME: root, DOCKER_CONFIG: root, CONTAINERS_REGISTRIES_CONF: join(root, 'none') }
  return { root, store, images: openImages(store), common: { env, retryDelay: 1, idleTimeout: 300 } }
}

const tars = [makeTar([['small', 'text']]), makeTar([['large', randomBytes(3_000_000)]])]
const blobs = tars.map((tar) => gzipSync(tar, { level: 1 }))

/** A registry that has `app:1`, of one small layer and one of 3 MB that can't be compressed. */
async function filled() {
  const registry = await new FaultyRegistry().listen()
  const layers = blobs.map((blob) => registry.add(blob, mediaTypes.layerGzip))
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: tars.map(digestOf) } }
  const document = (changes: object = {}, configuration: object = config) => ({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: registry.add(JSON.stringify(configuration), mediaTypes.config),
    layers,
    ...changes,
  })
  registry.addManifest('app', '1', document())
  return { registry, layers, document, config, reference: `${registry.host}/app:1` }
}

async function filledRegistry() {
  const all = await filled()
  return Object.assign(all.registry, all)
}

/** The store has no image, nothing half, and is whole. */
function isUntouched({ store, images }: ReturnType<typeof sandbox>): void {
  assert.deepEqual(images.list(), [])
  assert.deepEqual(store.check({ content: true }), [])
  assert.ok([...store.snapshots.walk()].every(({ state }) => state === 'committed'))
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), [])
}

const code = (wanted: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StrakeError, String((error as Error).stack))
  assert.equal(error.code, wanted, error.message)
  assert.match(error.message, message)
  return true
}

test('a download that breaks goes on where it was', options, async () => {
  await using from = await filledRegistry()
  const to = sandbox()
  const large = from.layers[1]!
  let cuts = 0
  from.fault = (request, response, seen) => {
    if (!request.url!.includes(large.digest) || cuts++ >= 3) return false
    const bytes = from.blobs.get(large.digest)!
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = bytes.subarray(start, start + 700_000)
    response.writeHead(start ? 206 : 200, {
      'content-length': bytes.length - start,
      ...(start && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    })
    seen.sent = part.length
    response.write(part, () => response.destroy())
    return true
  }
  const { image } = await pullImage(to.store, to.images, { reference: from.reference, ...to.common })
  assert.equal(image.names[0], from.reference)
  const sent = from.requests.filter(({ path }) => path.includes(large.digest)).reduce((sum, r) => sum + r.sent, 0)
  // A server that cuts a connection throws away what is still on its way.
  assert.ok(sent < large.size * 1.5, `${sent} bytes for ${large.size}`)
  assert.deepEqual(to.store.check({ content: true }), [])
  to.store[Symbol.dispose]()
})

test('a second pull does not move again what the first one got', options, async () => {
  await using from = await filledRegistry()
  const to = sandbox()
  const [small, large] = from.layers
  const bytes = from.blobs.get(large!.digest)!
  let down = false
  from.fault = async (request, response) => {
    if (down) return response.destroy() && true
    if (!request.url!.includes(large!.digest)) return false
    // The other layer has time to come whole.
    while (from.count('GET', new RegExp(small!.digest)) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 2_000_000), () => setTimeout(() => response.destroy(), 100))
    down = true
    return true
  }
  const pull = () => pullImage(to.store, to.images, { reference: from.reference, ...to.common })
  await assert.rejects(pull(), code('unavailable', /pulling .*app/))
  isUntouched(to)
  from.fault = () => false
  from.requests.length = 0
  await pull()
  assert.equal(from.count('GET', new RegExp(small!.digest)), 0)
  const again = from.requests.filter(({ path }) => path.includes(large!.digest))
  assert.match(String(again[0]?.headers.range), /^bytes=[1-9]\d{5,}-$/)
  assert.ok(again.reduce((sum, { sent }) => sum + sent, 0) < bytes.length)
  assert.deepEqual(readdirSync(join(to.store.root, 'cache/downloads')), [])
  to.store[Symbol.dispose]()
})

test('busy servers are given time, and the one that stays busy is told', options, async () => {
  for (const [status, retry] of [
    [429, '0'],
    [500, undefined],
    [503, '0'],
    [502, undefined],
  ] as const) {
    await using from = await filledRegistry()
    const to = sandbox()
    const times = new Map<string, number>()
    from.fault = (request, response) => {
      const key = `${request.method} ${request.url}`
      const count = (times.get(key) ?? 0) + 1
      times.set(key, count)
      if (count > 2) return false
      response
        .writeHead(status, {
          ...(retry && { 'retry-after': retry }),
          'ratelimit-limit': '100;w=21600',
          'ratelimit-remaining': '0;w=21600',
        })
        .end()
      return true
    }
    await pullImage(to.store, to.images, { reference: from.reference, ...to.common })
    to.store[Symbol.dispose]()

    const other = sandbox()
    from.fault = (_, response) => response.writeHead(status).end('<html>') && true
    await assert.rejects(
      pullImage(other.store, other.images, { reference: from.reference, ...other.common }),
      code('unavailable', new RegExp(`${status}`)),
    )
    isUntouched(other)
    other.store[Symbol.dispose]()
  }
})

test('who asks to wait for an hour is told so at once, with the limit', options, async () => {
  await using from = await filledRegistry()
  const to = sandbox()
  from.fault = (request, response) =>
    request.url!.includes('manifests') &&
    response
      .writeHead(429, { 'retry-after': '3600', 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' })
      .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}') &&
    true
  await assert.rejects(
    pullImage(to.store, to.images, { reference: from.reference, ...to.common }),
    (error: StrakeError) => {
      assert.match(error.message, /answered 429|slow down/)
      assert.match(error.hint ?? '', /0 of 100 requests left in 6 h/)
      return true
    },
  )
  to.store[Symbol.dispose]()
})

test('of what is too large, a proxy is told of only where no registry says why', options, async () => {
  await using from = await filledRegistry()
  for (const [body, hint] of [
    ['<html>', /^A proxy before the registry/],
    ['{"errors":[{"code":"DENIED","message":"the quota is used up"}]}', /^$/],
  ] as const) {
    const to = sandbox()
    from.fault = (_, response) => response.writeHead(413).end(body) && true
    await assert.rejects(
      pullImage(to.store, to.images, { reference: from.reference, ...to.common }),
      (error: StrakeError) => hint.test(error.hint ?? ''),
    )
    to.store[Symbol.dispose]()
  }
})

test('lies of every kind leave nothing behind', options, async () => {
  const noise = randomBytes(2000)
  const lies: Record<string, [(from: Awaited<ReturnType<typeof filled>>) => void, string, RegExp]> = {
    'another content': [
      ({ registry, layers }) => registry.blobs.set(layers[0]!.digest, Buffer.from(noise).subarray(0, layers[0]!.size)),
      'corrupt',
      /digest|damaged|bytes/,
    ],
    'too short': [
      ({ registry, layers }) =>
        registry.blobs.set(layers[1]!.digest, registry.blobs.get(layers[1]!.digest)!.subarray(5)),
      'corrupt',
      /announces 3\d+ bytes/,
    ],
    'too long': [
      ({ registry, layers }) =>
        registry.blobs.set(layers[1]!.digest, Buffer.concat([registry.blobs.get(layers[1]!.digest)!, noise])),
      'corrupt',
      /announces 3\d+ bytes/,
    ],
    'longer than it says, without a length': [
      ({ registry, layers }) => {
        registry.fault = (request, response) =>
          request.url!.includes(layers[0]!.digest) && response.writeHead(200).end(Buffer.alloc(100_000)) && true
      },
      'corrupt',
      /sends more than/,
    ],
    'shorter than it says, without a length': [
      ({ registry, layers }) => {
        registry.fault = (request, response) =>
          request.url!.includes(layers[0]!.digest) && response.writeHead(200).end('x') && true
      },
      'corrupt',
      /instead of/,
    ],
    'another part than was asked': [
      ({ registry, layers }) => {
        registry.fault = (request, response) => {
          if (!request.url!.includes(layers[1]!.digest)) return false
          if (request.headers.range) {
            response.writeHead(206, { 'content-range': `bytes 0-9/${layers[1]!.size}` }).end('0123456789')
          } else response.writeHead(200, { 'content-length': layers[1]!.size }).write('x', () => response.destroy())
          return true
        }
      },
      'corrupt',
      /another part/,
    ],
    'a body that never comes': [
      ({ registry, layers }) => {
        registry.fault = (request, response) => {
          if (!request.url!.includes(layers[0]!.digest)) return false
          response.writeHead(200).flushHeaders()
          return true
        }
      },
      'unavailable',
      /no answer|aborted|hang up/,
    ],
    'layers of another image': [
      ({ registry, document, config }) =>
        registry.addManifest(
          'app',
          '1',
          document({}, { ...config, rootfs: { type: 'layers', diff_ids: [digestOf(noise), digestOf(noise)] } }),
        ),
      'corrupt',
      /has the hash/,
    ],
    'a configuration of fewer layers': [
      ({ registry, document, config }) =>
        registry.addManifest('app', '1', document({}, { ...config, rootfs: { type: 'layers', diff_ids: [] } })),
      'corrupt',
      /0 layers, but the manifest has 2/,
    ],
    'a digest that is a path': [
      ({ registry, document, layers }) =>
        registry.addManifest('app', '1', document({ layers: [{ ...layers[0], digest: 'sha256:../../x' }] })),
      'corrupt',
      /invalid digest/,
    ],
    'layers and manifests': [
      ({ registry, document }) => registry.addManifest('app', '1', document({ manifests: [] })),
      'corrupt',
      /both layers and manifests/,
    ],
    'a configuration of 10 GB': [
      ({ registry, document }) =>
        registry.addManifest(
          'app',
          '1',
          document({ config: { mediaType: mediaTypes.config, digest: digestOf(noise), size: 1e10 } }),
        ),
      'corrupt',
      /10000000000 bytes/,
    ],
    'a layer of 10 GB': [
      ({ registry, document, layers }) =>
        registry.addManifest('app', '1', document({ layers: [layers[0], { ...layers[1], size: 1e10 }] })),
      'corrupt',
      /announces 3\d+ bytes/,
    ],
    'a manifest of 10 GB': [
      ({ registry }) => {
        registry.fault = (request, response) =>
          request.url!.includes('manifests') &&
          response
            .writeHead(200, {
              'content-type': mediaTypes.manifest,
              'content-length': 1e10,
              'docker-content-digest': digestOf(noise),
            })
            .end() &&
          true
      },
      'corrupt',
      /too large/,
    ],
    'deep JSON': [
      ({ registry }) => {
        const bytes = Buffer.from('{"a":'.repeat(50_000))
        registry.manifests.set('app/1', { type: mediaTypes.manifest, bytes })
        registry.manifests.set(`app/${digestOf(bytes)}`, { type: mediaTypes.manifest, bytes })
      },
      'corrupt',
      /nested too deeply/,
    ],
    'a manifest that is another one': [
      ({ registry }) => {
        const { type, bytes } = registry.manifests.get('app/1')!
        registry.manifests.set(`app/${digestOf(bytes)}`, { type, bytes: Buffer.from(`${bytes} `) })
      },
      'corrupt',
      /bytes|digest/,
    ],
    'an index in itself': [
      ({ registry }) => {
        registry.fault = (request, response) => {
          const index = {
            schemaVersion: 2,
            mediaType: mediaTypes.index,
            manifests: [
              {
                mediaType: mediaTypes.index,
                digest: digestOf(noise),
                size: 300,
                platform: { os: 'linux', architecture: 'amd64' },
              },
            ],
          }
          return (
            request.url!.includes('manifests') &&
            response
              .writeHead(200, { 'content-type': mediaTypes.index })
              .end(request.method === 'HEAD' ? '' : JSON.stringify(index)) &&
            true
          )
        }
      },
      'corrupt',
      /bytes|digest/,
    ],
    'a foreign layer': [
      ({ registry, document, layers }) =>
        registry.addManifest(
          'app',
          '1',
          document({
            layers: [
              {
                ...layers[0],
                mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
                urls: ['http://127.0.0.1:9/x'],
              },
              layers[1],
            ],
          }),
        ),
      'unsupported',
      /foreign/,
    ],
    'a hostile challenge': [
      ({ registry }) => {
        registry.fault = (_, response) =>
          response.writeHead(401, { 'www-authenticate': 'Bearer realm="file:///etc/passwd"' }).end() && true
      },
      'corrupt',
      /no http\(s\) URL/,
    ],
    'a broken challenge': [
      ({ registry }) => {
        registry.fault = (_, response) =>
          response.writeHead(401, { 'www-authenticate': 'Bearer realm="x' }).end() && true
      },
      'corrupt',
      /invalid WWW-Authenticate/,
    ],
    'redirects in a circle': [
      ({ registry, layers }) => {
        registry.fault = (request, response) =>
          request.url!.includes(layers[0]!.digest) && response.writeHead(307, { location: request.url! }).end() && true
      },
      'corrupt',
      /one place after the other/,
    ],
    'a redirect to a file': [
      ({ registry, layers }) => {
        registry.fault = (request, response) =>
          request.url!.includes(layers[0]!.digest) &&
          response.writeHead(307, { location: 'file:///etc/passwd' }).end() &&
          true
      },
      'corrupt',
      /no http\(s\) URL/,
    ],
  }
  for (const [name, [lie, wanted, message]] of Object.entries(lies)) {
    const from = await filled()
    await using _ = from.registry
    const to = sandbox()
    lie(from)
    await assert.rejects(
      pullImage(to.store, to.images, { reference: from.reference, ...to.common }),
      code(wanted, message),
      name,
    )
    isUntouched(to)
    to.store[Symbol.dispose]()
  }
})

test('an upload that breaks goes on where it was, and from the start where it was forgotten', options, async () => {
  for (const forgets of [false, true]) {
    await using to = await new FaultyRegistry().listen()
    const from = sandbox()
    const reference = `${to.host}/app:1`
    const files = { large: randomBytes(3_000_000).toString('latin1') }
    await makeImage(from.store, from.images, { files, tags: [reference] })
    to.cutUploadAt = 1_000_000
    to.fault = (request, response, { path }) =>
      forgets && request.method === 'GET' && path.includes('uploads') && to.refuse(response, 'BLOB_UPLOAD_UNKNOWN')
    await pushImage(from.store, from.images, { reference, ...from.common })
    assert.equal(to.cutUploadAt, Number.POSITIVE_INFINITY)
    assert.ok(to.manifests.has('app/1'))
    const sent = to.requests
      .filter(({ path }) => path.includes('uploads'))
      .reduce((sum, { received }) => sum + received, 0)
    const layer = [...to.blobs.values()].reduce((sum, { length }) => sum + length, 0)
    if (!forgets) assert.ok(sent <= layer, `${sent} bytes for ${layer}`)

    // Once more: nothing is compressed and nothing moves.
    to.requests.length = 0
    await pushImage(from.store, from.images, { reference, ...from.common })
    assert.deepEqual(
      to.requests.map(({ method, path }) => `${method} ${path.replace(/sha256:\w+/, 'DIGEST')}`),
      ['GET /v2/', 'HEAD /v2/app/manifests/DIGEST', 'GET /v2/app/manifests/DIGEST', 'PUT /v2/app/manifests/1'],
    )
    // To another repository of the same registry, blobs are mounted.
    const other = `${to.host}/other:1`
    from.images.tag(from.images.get(reference), { registry: to.host, repository: 'other', tag: '1' })
    to.requests.length = 0
    to.fault = (request, response) =>
      request.method === 'HEAD' && request.url!.includes('/other/') && to.refuse(response, 'BLOB_UNKNOWN')
    await pushImage(from.store, from.images, { reference: other, ...from.common })
    assert.equal(to.count('POST', /mount=sha256.*from=app$/), 2)
    assert.equal(
      to.requests.filter(({ path }) => path.includes('uploads/')).reduce((sum, { received }) => sum + received, 0),
      0,
    )
    from.store[Symbol.dispose]()
  }
})

test('a refused push says why, and what would work', options, async () => {
  await using to = await new FaultyRegistry().listen()
  const from = sandbox()
  const reference = `${to.host}/app:1`
  await makeImage(from.store, from.images, { files: { a: 'b' }, tags: [reference] })
  to.fault = (request, response) =>
    request.method === 'POST' && to.refuse(response, 'DENIED', 'a push without a namespace is for administrators')
  await assert.rejects(pushImage(from.store, from.images, { reference, ...from.common }), (error: StrakeError) => {
    assert.match(error.message, /denied: a push without a namespace is for administrators/)
    assert.match(error.hint ?? '', new RegExp(`strake tag ${reference} ${to.host}/USER/app:1 && strake push`))
    return true
  })
  assert.equal(to.manifests.size, 0)
  from.store[Symbol.dispose]()
})

test('a cancelled pull leaves nothing behind', options, async () => {
  await using from = await filledRegistry()
  const to = sandbox()
  const controller = new AbortController()
  from.fault = (request, response) => {
    if (!request.url!.includes(from.layers[1]!.digest)) return false
    response.writeHead(200, { 'content-length': from.layers[1]!.size })
    response.write('x', () => controller.abort())
    return true
  }
  await assert.rejects(
    pullImage(to.store, to.images, {
      reference: from.reference,
      ...to.common,
      idleTimeout: 60_000,
      signal: controller.signal,
    }),
    code('cancelled', /cancelled/),
  )
  isUntouched(to)
  to.store[Symbol.dispose]()
})

test('a layer that is wrong ends all at once, and leaves what came whole', options, async () => {
  const wrong: Record<string, [Buffer, RegExp]> = {
    'no gzip': [Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), randomBytes(100_000)]), /damaged/],
    'gzip that is cut off': [
      gzipSync(makeTar([['file', randomBytes(100_000)]])).subarray(0, -1000),
      /unexpected end of file/,
    ],
    'a tar that is cut off': [gzipSync(makeTar([['file', randomBytes(100_000)]]).subarray(0, 90_000)), /cut off/],
    'gzip and something else': [
      Buffer.concat([gzipSync(makeTar([['a', 'b']])), randomBytes(1000).fill(7, 0, 1)]),
      /damaged/,
    ],
  }
  for (const [name, [bytes, message]] of Object.entries(wrong)) {
    const from = await filled()
    await using registry = from.registry
    const to = sandbox()
    const [small, large] = from.layers
    const bad = registry.add(bytes, mediaTypes.layerGzip)
    const ids = [tars[0]!, randomBytes(10), tars[1]!].map(digestOf)
    registry.addManifest(
      'app',
      '1',
      from.document({ layers: [small, bad, large] }, { ...from.config, rootfs: { type: 'layers', diff_ids: ids } }),
    )
    // The large one never ends.
    registry.fault = (request, response) => {
      if (!request.url!.includes(large!.digest)) return false
      response.writeHead(200, { 'content-length': large!.size })
      response.write(registry.blobs.get(large!.digest)!.subarray(0, 2_000_000))
      return true
    }
    const pull = () => pullImage(to.store, to.images, { reference: from.reference, ...to.common, idleTimeout: 600_000 })
    await assert.rejects(pull(), code('corrupt', message), name)
    isUntouched(to)

    // The image is mended: only what is not here comes.
    registry.addManifest('app', '1', from.document())
    registry.fault = () => false
    registry.requests.length = 0
    await pull()
    assert.equal(registry.count('GET', new RegExp(small!.digest)), 0, name)
    assert.deepEqual(to.store.check({ content: true }), [])
    to.store[Symbol.dispose]()
  }
})

test('layers that are here unpacked or in another form do not come', options, async () => {
  const from = await filled()
  await using _ = from.registry
  const to = sandbox()
  await pullImage(to.store, to.images, { reference: from.reference, ...to.common })
  // The same layers, packed by somebody else.
  const { registry, layers, document } = from
  const repacked = layers.map(({ digest }) =>
    registry.add(Buffer.concat([registry.blobs.get(digest)!, gzipSync('')]), mediaTypes.layerGzip),
  )
  registry.addManifest('app', '2', document({ layers: repacked }))
  registry.requests.length = 0
  const { image } = await pullImage(to.store, to.images, { reference: `${registry.host}/app:2`, ...to.common })
  assert.deepEqual(
    registry.requests.filter(({ path }) => path.includes('/blobs/')),
    [],
  )
  assert.deepEqual(image.names, [`${registry.host}/app:1`, `${registry.host}/app:2`])
  assert.equal(to.images.config(image).rootfs.diff_ids.length satisfies number, 2)
  assert.ok(to.store.content.byDiffId(to.images.config(image).rootfs.diff_ids[0] as DiffId))
  to.store[Symbol.dispose]()
})
