import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PathRecords, PathRecordsWriter } from './path-records.ts'

describe('records by path', () => {
  const paths = Array.from({ length: 100 }, (_, i) => `dir/file-${i}\xff`)
  const valueOf = (path: string) => Buffer.from(path.length.toString().padStart(4))
  function written(all = paths): Buffer {
    const writer = new PathRecordsWriter()
    for (const path of all) writer.add(path, valueOf(path))
    assert.deepEqual(Buffer.concat([...writer]), Buffer.concat(writer.chunks))
    return Buffer.concat(writer.chunks)
  }

  it('are found in any order', () => {
    const records = new PathRecords(written(), 4)
    for (const path of [...paths, ...paths.toReversed()]) {
      const at = records.find(path)
      assert.ok(at !== undefined && records.holds(at, valueOf(path)), path)
      assert.equal(records.pathAt(at), path)
      assert.ok(!records.holds(at, Buffer.from('none')))
    }
    assert.equal(records.find('dir/file'), undefined)
  })

  it('are taken as far as they are whole', () => {
    const bytes = written()
    for (const cut of [1, 5, 17]) {
      const records = new PathRecords(bytes.subarray(0, bytes.length - cut), 4)
      assert.notEqual(records.find(paths[98]!), undefined)
      assert.equal(records.find(paths[99]!), undefined)
    }
    assert.equal(new PathRecords(Buffer.alloc(0), 4).find('a'), undefined)
  })

  it('are handed over as they come', () => {
    const writer = new PathRecordsWriter()
    const parts: Buffer[] = []
    for (const [i, path] of paths.entries()) {
      writer.add(path, valueOf(path))
      if (i % 7 === 3) writer.drain((chunk) => parts.push(Buffer.from(chunk)))
    }
    assert.ok(Buffer.concat([...writer]).length < Buffer.concat(parts).length)
    writer.drain((chunk) => parts.push(Buffer.from(chunk)))
    assert.deepEqual(Buffer.concat(parts), written())
    assert.deepEqual([...writer], [])
  })

  it('may be many', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => `${i}`.padStart(100, 'x'))
    const records = new PathRecords(written(many), 4)
    assert.deepEqual(
      many.filter((path) => records.find(path) === undefined),
      [],
    )
  })
})
