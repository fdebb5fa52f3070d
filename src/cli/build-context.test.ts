import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { findContext } from './build-context.ts'

const dir = mkdtempSync(join(tmpdir(), 'strake-context-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const input = (bytes: Uint8Array | string = '', inIsTerminal = false) => ({
  // In small pieces, as a pipe may give them.
  stdin: Readable.from(
    Buffer.from(bytes)
      .toString('latin1')
      .match(/[\s\S]{1,100}/g)
      ?.map((part) => Buffer.from(part, 'latin1')) ?? [],
  ) as NodeJS.ReadStream,
  inIsTerminal,
})

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

/** The header of a tar entry that holds nothing (POSIX ustar). */
function tar(name: string): Buffer {
  const header = Buffer.alloc(1536)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('00000000000\0', 124)
  header.write('        ', 148)
  let sum = 0
  for (const byte of header.subarray(0, 512)) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

test('folders, and a Dockerfile that names its folder', async () => {
  const file = join(dir, 'Dockerfile.dev')
  writeFileSync(file, 'FROM scratch')
  assert.deepEqual(await findContext(dir, undefined, input()), { context: { kind: 'directory', path: dir } })
  assert.deepEqual(await findContext(dir, 'x', input()), { context: { kind: 'directory', path: dir }, file: 'x' })
  assert.deepEqual(await findContext(file, undefined, input()), { context: { kind: 'directory', path: dir }, file })
  await assert.rejects(findContext(file, 'x', input()), { code: 'invalid', message: /is not a folder/ })
  await assert.rejects(findContext(join(dir, 'none'), undefined, input()), { code: 'not_found' })
  await assert.rejects(findContext('', undefined, input()), { code: 'not_found', hint: /strake build \.$/ })
})

test('URLs', async () => {
  for (const [url, kind, as] of [
    ['https://example.org/app.git', 'git'],
    ['https://example.org/app.git#main:sub', 'git'],
    ['git@example.org:app', 'git'],
    ['git://example.org/app', 'git'],
    ['ssh://git@example.org/app', 'git'],
    ['file:///srv/app.git', 'git'],
    ['github.com/a/b', 'git', 'https://github.com/a/b'],
    ['https://example.org/app.tar.gz', 'url'],
    ['http://example.org/Dockerfile', 'url'],
  ] as const) {
    assert.deepEqual(await findContext(url, undefined, input()), { context: { kind, url: as ?? url } })
  }
})

test('a folder that looks like a URL is a folder', async () => {
  const path = join(dir, 'app.git')
  mkdirSync(path)
  assert.equal((await findContext(path, undefined, input())).context.kind, 'directory')
})

test('a tar on standard input', async () => {
  for (const bytes of [tar('Dockerfile'), gzipSync(tar('Dockerfile')), Buffer.alloc(1024)]) {
    const { context, file } = await findContext('-', 'sub/Dockerfile', input(bytes))
    assert.ok(context.kind === 'tar')
    assert.equal(file, 'sub/Dockerfile')
    assert.ok((await bytesOf(context.stream)).equals(bytes))
  }
})

test('a Dockerfile on standard input', async () => {
  for (const text of ['FROM scratch\n', `FROM scratch\n${'# é\n'.repeat(500)}`]) {
    const alone = await findContext('-', undefined, input(text))
    assert.equal(alone.context.kind, 'empty')
    assert.equal(Buffer.from(alone.dockerfile!).toString(), text)
    const beside = await findContext(dir, '-', input(text))
    assert.equal(beside.context.kind, 'directory')
    assert.equal(Buffer.from(beside.dockerfile!).toString(), text)
  }
})

test('standard input that cannot be meant', async () => {
  await assert.rejects(findContext('-', '-', input('x')), { code: 'invalid', message: /stdin for both/ })
  await assert.rejects(findContext('-', undefined, input('')), { code: 'invalid', message: /empty/ })
  await assert.rejects(findContext('-', undefined, input('', true)), { code: 'invalid', message: /terminal/ })
  await assert.rejects(findContext(dir, '-', input('', true)), { code: 'invalid', message: /terminal/ })
})
