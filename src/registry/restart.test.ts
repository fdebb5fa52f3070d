import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { noRegistry, startRegistry } from '../../tests/support/docker-registry.ts'
import { digestOf, mediaTypes } from '../oci/mod.ts'
import { openRegistries } from './repository.ts'
import { withoutDockerHub } from './testing.ts'

const content = randomBytes(8 << 20)
const piece = 1 << 18

for (const secret of [undefined, 'of these tests']) {
  test(`an upload that a restart of the registry breaks, with ${secret ? 'the same' : 'another'} secret after it`, {
    skip: noRegistry,
  }, async () => {
    const dir = mkdtempSync('/var/tmp/strake-restart-')
    try {
      await using registry = await startRegistry(dir, secret ? { secret } : {})
      using registries = openRegistries({ env: withoutDockerHub(join(dir, 'docker')), retryDelay: 10 })
      const target = registries.repository(registry.host, 'app', { access: 'push' })
      const descriptor = { mediaType: mediaTypes.layerGzip, digest: digestOf(content), size: content.length }
      const starts: number[] = []
      async function* open(from: number) {
        starts.push(from)
        for (let at = from; at < content.length; at += piece) {
          if (starts.length === 1 && at === content.length / 2) await registry.restart()
          yield content.subarray(at, at + piece)
        }
      }
      await target.pushGrowing({ open, descriptor: Promise.resolve(descriptor) })
      assert.ok(starts.length > 1, String(starts))
      const chunks: Uint8Array[] = []
      for await (const chunk of target.fetch(descriptor)) chunks.push(chunk)
      assert.ok(Buffer.concat(chunks).equals(content))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })
}
