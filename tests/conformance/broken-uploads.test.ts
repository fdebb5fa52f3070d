import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { password, startHub } from '../../src/hub/testing.ts'
import { digestOf, mediaTypes } from '../../src/oci/mod.ts'
import { openRegistries } from '../../src/registry/mod.ts'
import { withoutDockerHub } from '../../src/registry/testing.ts'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'

const content = randomBytes(16 << 20)
const blob = { mediaType: mediaTypes.layerGzip, digest: digestOf(content), size: content.length }

/** What stands between a client and a server: cuts the first connections when so many bytes have gone to the server. */
async function startProxy(server: string, { cuts, after }: { cuts: number; after: number }) {
  const open = new Set<Socket>()
  let sent = 0
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(server).port), '127.0.0.1')
    let passed = 0
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (bytes) => {
      passed += bytes.length
      sent += bytes.length
      if (!upstream.write(bytes)) client.pause()
      if (cuts === 0 || passed < after) return
      cuts--
      // What was sent arrives before the end does.
      upstream.end()
      client.destroy()
    })
    upstream.on('drain', () => client.resume())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get cuts() {
      return cuts
    },
    /** Bytes that came from clients. */
    get sent() {
      return sent
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}

/** Pushes the blob in both ways through a proxy that cuts the connection thrice, and looks whether it is there. */
async function pushThrough(server: string, repository: string): Promise<{ known: number; growing: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'strake-broken-uploads-'))
  const sent: number[] = []
  try {
    for (const way of ['known', 'growing']) {
      await using proxy = await startProxy(server, { cuts: 3, after: 3 << 20 })
      const env = { ...withoutDockerHub(folder), HOME: folder }
      const auth = Buffer.from(`alice:${password}`).toString('base64')
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [proxy.host]: { auth } } }))
      using registries = openRegistries({ env, retryDelay: 100 })
      const target = registries.repository(proxy.host, `${repository}-${way}`, { access: 'push' })
      async function* open(from: number) {
        for (let at = from; at < content.length; at += 1 << 18) yield content.subarray(at, at + (1 << 18))
      }
      if (way === 'known') await target.push(blob, open)
      else await target.pushGrowing({ open, descriptor: Promise.resolve(blob) })
      assert.equal(proxy.cuts, 0)
      sent.push(proxy.sent)
      assert.ok(await target.exists(blob))
      assert.ok(Buffer.concat(await Array.fromAsync(target.fetch(blob))).equals(content))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { known: sent[0]!, growing: sent[1]! }
}

test('the hub has kept what came before a connection broke: it is not sent again', async () => {
  await using hub = await startHub()
  const { known, growing } = await pushThrough(hub.url, 'alice/app')
  // Some of what the proxy took never reached the hub.
  for (const sent of [known, growing]) assert.ok(sent < content.length * 1.25, `${sent} of ${content.length} bytes`)
})

test('docker-registry gives up an upload whose connection broke: it begins anew, and ends well', {
  skip: noRegistry,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-docker-registry-'))
  try {
    await using registry = await startRegistry(folder)
    await pushThrough(`http://${registry.host}`, 'app')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
