import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { type Descriptor, digestOf } from '../oci/mod.ts'
import { hashPassword } from './access/passwords.ts'
import { openHub } from './hub.ts'
import { password, pushBlob, pushImage, send } from './testing.ts'

const mebi = 1024 * 1024

/** A hub in a process of its own. */
async function start(folder: string) {
  const program = `
    const { serve } = await import(${JSON.stringify(new URL('./server.ts', import.meta.url).href)})
    const hub = await serve({ data: ${JSON.stringify(folder)}, host: '127.0.0.1', port: 0, log() {} })
    console.log(hub.url)
    setInterval(() => {}, 1000)`
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  for await (const url of createInterface({ input: child.stdout })) return { url, child }
  throw new Error('the hub did not start')
}

test('a hub that is killed during 100 pushes keeps all that it acknowledged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-hub-'))
  using cleanup = new DisposableStack()
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  {
    using data = openHub(folder)
    await data.accounts.addUser({ name: 'alice', admin: false, password: await hashPassword(password) })
  }
  const first = await start(folder)
  cleanup.defer(() => void first.child.kill('SIGKILL'))
  const acknowledged: { path: string; layer: string }[] = []
  const pushes = Array.from({ length: 100 }, async (_, i) => {
    const name = `alice/app${i % 10}`
    try {
      const { layer } = await pushImage(first, name, { user: 'alice', tag: `t${i}` })
      acknowledged.push({ path: `${name}/manifests/t${i}`, layer })
    } catch (error) {
      // Node's fetch: the connection is gone.
      if (!(error instanceof TypeError)) throw error
    }
    if (acknowledged.length === 30) first.child.kill('SIGKILL')
  })
  await Promise.all(pushes)
  assert.ok(acknowledged.length >= 30)
  if (first.child.signalCode === null) await once(first.child, 'exit')

  const second = await start(folder)
  cleanup.defer(() => void second.child.kill('SIGKILL'))
  for (const { path, layer } of acknowledged) {
    assert.equal((await send(second, `GET /v2/${path}`, { user: 'alice' })).status, 200)
    const blob = await send(second, `GET /v2/${path.replace(/manifests.*/, '')}blobs/${layer}`, { user: 'alice' })
    assert.equal(digestOf(Buffer.from(await blob.arrayBuffer())), layer)
  }
  // What shows of the others is whole too.
  for (let i = 0; i < 10; i++) {
    const list = await send(second, `GET /v2/alice/app${i}/tags/list`, { user: 'alice' })
    const { tags = [] } = (await list.json()) as { tags?: string[] }
    for (const tag of tags) {
      const manifest = await send(second, `GET /v2/alice/app${i}/manifests/${tag}`, { user: 'alice' })
      const { config, layers } = (await manifest.json()) as { config: Descriptor; layers: Descriptor[] }
      for (const { digest } of [config, ...layers]) {
        const blob = await send(second, `GET /v2/alice/app${i}/blobs/${digest}`, { user: 'alice' })
        assert.equal(digestOf(Buffer.from(await blob.arrayBuffer())), digest)
      }
    }
  }
  await pushImage(second, 'alice/app0', { user: 'alice', tag: 'after' })
})

test('200 clients at once are served without an error, and in bounded memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-hub-'))
  using cleanup = new DisposableStack()
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  {
    using data = openHub(folder)
    await data.accounts.addUser({ name: 'alice', admin: false, password: await hashPassword(password) })
  }
  const hub = await start(folder)
  cleanup.defer(() => void hub.child.kill('SIGKILL'))
  const image = await pushImage(hub, 'alice/app', { user: 'alice', tag: 'x', content: Buffer.alloc(4 * mebi, 7) })
  const clients = Array.from({ length: 200 }, async (_, i) => {
    const blob = await send(hub, `GET /v2/alice/app/blobs/${image.layer}`)
    const hash = createHash('sha256')
    for await (const piece of blob.body!) hash.update(piece)
    assert.equal(`sha256:${hash.digest('hex')}`, image.layer)
    assert.equal((await send(hub, 'GET /v2/alice/app/manifests/x')).status, 200)
    const content = Buffer.alloc(mebi, `${i} `)
    assert.equal(await pushBlob(hub, `alice/app${i % 20}`, { user: 'alice', content }), digestOf(content))
  })
  await Promise.all(clients)
  // What passed is 1000 MiB.
  const most = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${hub.child.pid}/status`, 'utf8'))![1]) / 1024
  assert.ok(most < 500, `${most} MiB`)
})
