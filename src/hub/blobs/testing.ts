import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { BlobStore } from './types.ts'

export interface OpenedStore {
  readonly store: BlobStore
  dispose(): void
}

/** What every blob store must do. */
export function blobStoreSuite(name: string, open: () => OpenedStore): void {
  describe(`a blob store: ${name}`, () => {
    let opened: OpenedStore
    let store: BlobStore
    before(() => {
      opened = open()
      store = opened.store
    })
    after(() => opened.dispose())

    const put = async (key: string, content: Uint8Array) => {
      await store.begin(key)
      await store.append(key, pieces(content), () => undefined)
      await store.finish(key, key)
    }
    const copied = async (key: string, first: number, last: number) => {
      const found: Buffer[] = []
      const to = new Writable({
        write(piece: Buffer, _encoding, done) {
          found.push(Buffer.from(piece))
          setImmediate(done)
        },
      })
      await store.copy(key, to, { first, last })
      return Buffer.concat(found)
    }
    /** Not deepEqual: it would take minutes to say how megabytes differ. */
    const same = (a: Buffer, b: Buffer) => assert.ok(a.equals(b))

    test('an upload grows, is read and becomes a blob', async () => {
      const content = randomBytes(3_500_000)
      assert.equal(await store.uploaded('one'), undefined)
      await store.begin('one')
      assert.equal(await store.uploaded('one'), 0)
      let seen = 0
      const each = (piece: Uint8Array) => {
        seen += piece.length
      }
      assert.equal(await store.append('one', pieces(content.subarray(0, 2_000_000)), each), 2_000_000)
      assert.equal(await store.append('one', pieces(content.subarray(2_000_000)), each), 3_500_000)
      assert.equal(seen, 3_500_000)
      same(Buffer.concat(await store.readUpload('one').toArray()), content)
      await store.finish('one', 'aa-key')
      assert.equal(await store.uploaded('one'), undefined)
      same(Buffer.concat(await store.read('aa-key').toArray()), content)
      same(await copied('aa-key', 0, content.length - 1), content)
      same(await copied('aa-key', 262_143, 600_000), content.subarray(262_143, 600_001))
      same(await copied('aa-key', 5, 5), content.subarray(5, 6))
    })

    test('what came before a failure stays', async () => {
      await store.begin('broken')
      async function* failing() {
        yield Buffer.from('abc')
        throw new Error('gone')
      }
      await assert.rejects(
        store.append('broken', failing(), () => undefined),
        /gone/,
      )
      assert.equal(await store.uploaded('broken'), 3)
      assert.equal(await store.append('broken', pieces(Buffer.from('def')), () => undefined), 6)
      assert.equal(String(Buffer.concat(await store.readUpload('broken').toArray())), 'abcdef')
    })

    test('what is not there', async () => {
      await assert.rejects(
        store.append('none', pieces(Buffer.from('x')), () => undefined),
        { code: 'not_found' },
      )
      assert.equal(await store.abandon('none'), false)
      await assert.rejects(store.read('ab-none').toArray())
      await store.remove('ab-none')
    })

    test('names lead nowhere else', async () => {
      for (const name of ['../x', 'a/b', '', '.', 'A', 'a\0']) {
        await assert.rejects(store.begin(name), { code: 'internal' })
        assert.throws(() => store.read(name), { code: 'internal' })
      }
    })

    test('a reader that goes away ends the copy', async () => {
      await put('cc-large', Buffer.alloc(2_000_000, 1))
      const to = new Writable({
        write: (_piece, _encoding, done) => {
          done(new Error('gone'))
        },
      })
      to.on('error', () => undefined)
      await assert.rejects(store.copy('cc-large', to, { first: 0, last: 1_999_999 }))
    })

    test('listing, and removal', async () => {
      await put('dd-old', Buffer.from('x'))
      const began = Date.now()
      await store.begin('ab-young')
      await store.append('ab-young', pieces(Buffer.from('abc')), () => undefined)
      const all = async (names: AsyncIterable<string>) => (await Array.fromAsync(names)).sort()
      assert.ok((await all(store.blobs(Date.now() + 60_000))).includes('dd-old'))
      const [young, ...others] = await Array.fromAsync(store.uploads('ab-'))
      assert.deepEqual([young?.upload, young?.size, others], ['ab-young', 3, []])
      assert.ok(Math.abs(young!.writtenAt - began) < 60_000)
      assert.ok((await Array.fromAsync(store.uploads())).some(({ upload }) => upload === 'ab-young'))
      assert.deepEqual(await all(store.blobs(Date.now() - 60_000)), [])
      await store.remove('dd-old')
      assert.ok(!(await all(store.blobs(Date.now() + 60_000))).includes('dd-old'))
      assert.ok(((await store.free()) ?? 1) > 0)
    })
  })
}

async function* pieces(content: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536)
}
