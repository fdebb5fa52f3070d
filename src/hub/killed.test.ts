import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { digestOf } from '../oci/mod.ts'
import { hashPassword } from './access/passwords.ts'
import { openHub } from './hub.ts'
import { password, pushImage, send } from './testing.ts'

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
  await pushImage(second, 'alice/app0', { user: 'alice', tag: 'after' })
})

test('200 clients at once are served without an error', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-hub-'))
  using cleanup = new DisposableStack()
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  {
    using data = openHub(folder)
    await data.accounts.addUser({ name: 'alice', admin: false, password: await hashPassword(password) })
  }
  const hub = await start(folder)
  cleanup.defer(() => void hub.child.kill('SIGKILL'))
  const image = await pushImage(hub, 'alice/app', { user: 'alice', tag: 'x', content: Buffer.alloc(200_000, 7) })
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const blob = await send(hub, `GET /v2/alice/app/blobs/${image.layer}`)
      assert.equal(digestOf(Buffer.from(await blob.arrayBuffer())), image.layer)
      assert.equal((await send(hub, 'GET /v2/alice/app/manifests/x')).status, 200)
    }),
  )
})
