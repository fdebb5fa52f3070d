import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { bodyOf, openTransport } from './transport.ts'

test('what has been read of several answers at once stays as it is', async () => {
  const sent = randomBytes(4 * 1024 * 1024)
  const server = createServer((_, response) => response.end(sent)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    using transport = openTransport()
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const read = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of bodyOf(await transport.send({ method: 'GET', url }))) {
        chunks.push(chunk)
        await setImmediate()
      }
      return Buffer.concat(chunks)
    }
    for (const body of await Promise.all([read(), read(), read()])) assert.ok(body.equals(sent))
  } finally {
    server.close()
  }
})
