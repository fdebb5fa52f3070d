import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { httpSource } from './http.ts'
import { openWorkspace, serve } from './testing.ts'

let workspace: ReturnType<typeof openWorkspace>
beforeEach(() => {
  workspace = openWorkspace()
})
afterEach(() => workspace[Symbol.dispose]())

const digest = (text: string, algorithm = 'sha256') =>
  `${algorithm}:${createHash(algorithm).update(text).digest('hex')}`
const http = (url: string, checksum?: string) => httpSource(workspace, url, { vertex: 'v', checksum })
async function text(url: string, checksum?: string): Promise<string> {
  const { directory, file } = await http(url, checksum).fetch()
  return readFileSync(join(directory, file!), 'utf8')
}

test('name, mode and time are as Docker has them', async () => {
  using server = await serve((_, response) =>
    response.setHeader('last-modified', 'Sun, 09 Sep 2001 01:46:40 GMT').end('x'),
  )
  for (const [path, name] of [
    ['/a/b%20c.txt?x=1', 'b c.txt'],
    ['/', '__unnamed__'],
    ['', '__unnamed__'],
    ['/dir/', 'dir'],
  ] as const) {
    const { directory, file } = await http(`${server.url}${path}`).fetch()
    assert.equal(file, name)
    const stat = statSync(join(directory, name))
    assert.equal(stat.mode & 0o7777, 0o600)
    assert.equal(stat.mtimeMs, 1e12)
  }
  assert.throws(() => http(`${server.url}/a%00b`), { code: 'invalid' })
})

test('without a date a file is of 1970', async () => {
  using server = await serve((_, response) => response.end('x'))
  const { directory, file } = await http(`${server.url}/x`).fetch()
  assert.equal(statSync(join(directory, file!)).mtimeMs, 0)
})

test('a file that did not change is not transferred again', async () => {
  let content = 'one'
  let bodies = 0
  using server = await serve((request, response) => {
    const etag = `"${content}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) return response.writeHead(304).end()
    bodies++
    return response.end(content)
  })
  const url = `${server.url}/file`
  const first = await http(url).key()
  assert.equal(await text(url), 'one')
  assert.equal(await http(url).key(), first)
  assert.equal(bodies, 1)
  content = 'two'
  assert.equal(await text(url), 'two')
  assert.notEqual(await http(url).key(), first)
  assert.equal(bodies, 2)
})

test('the key follows content and date', async () => {
  let modified = 'Sun, 09 Sep 2001 01:46:40 GMT'
  using server = await serve((_, response) => response.setHeader('last-modified', modified).end('x'))
  const first = await http(`${server.url}/x`).key()
  assert.equal(await http(`${server.url}/x`).key(), first)
  modified = 'Mon, 10 Sep 2001 01:46:40 GMT'
  assert.notEqual(await http(`${server.url}/x`).key(), first)
})

test('with a checksum nobody is asked for the key, and a file that has it is not fetched again', async () => {
  using server = await serve((_, response) => response.setHeader('etag', '"x"').end('content'))
  const url = `${server.url}/file`
  await http(url, digest('content')).key()
  assert.deepEqual(server.requests, [])
  assert.equal(await text(url, digest('content')), 'content')
  assert.equal(await text(url, digest('content')), 'content')
  assert.deepEqual(server.requests, ['GET /file'])
  for (const algorithm of ['sha384', 'sha512']) assert.equal(await text(url, digest('content', algorithm)), 'content')
})

test('a checksum that does not match is an error, also for a file that is here', async () => {
  using server = await serve((request, response) => {
    response.setHeader('etag', '"x"')
    if (request.headers['if-none-match']) response.writeHead(304).end()
    else response.end('content')
  })
  const url = `${server.url}/file`
  await assert.rejects(text(url, digest('other')), {
    code: 'corrupt',
    message: `digest mismatch ${digest('content')}: ${digest('other')}`,
  })
  await text(url)
  await assert.rejects(text(url, digest('other')), { code: 'corrupt' })
  await assert.rejects(text(url, digest('other', 'sha512')), { code: 'corrupt' })
})

test('checksums that are none', () => {
  for (const [checksum, message] of [
    ['nope', /invalid checksum digest format/],
    ['md5:00000000000000000000000000000000', /unsupported digest algorithm/],
    ['sha256:00', /invalid checksum digest length/],
    [`sha256:${'x'.repeat(64)}`, /invalid checksum digest format/],
  ] as const) {
    assert.throws(() => http('http://127.0.0.1:1/x', checksum), message)
  }
})

test('a server that is not there, that refuses, that breaks off', async () => {
  await assert.rejects(text('http://127.0.0.1:1/x'), { code: 'unavailable' })
  using server = await serve((request, response) => {
    if (request.url === '/404') response.writeHead(404).end()
    else {
      response.writeHead(200, { 'content-length': '100' })
      response.write('x')
      setImmediate(() => response.destroy())
    }
  })
  await assert.rejects(text(`${server.url}/404`), /the server answered 404/)
  await assert.rejects(text(`${server.url}/short`), { code: 'unavailable' })
})
