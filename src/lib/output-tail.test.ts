import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outputTail } from './output-tail.ts'

describe('the end of an output', () => {
  it('keeps the lines of a stream together, however the chunks of two came', () => {
    const tail = outputTail()
    tail.add('stderr', Buffer.from('E'))
    tail.add('stdout', Buffer.from('Reading states...'))
    tail.add('stderr', Buffer.from(': no such package\n'))
    assert.equal(tail.text(), 'Reading states...\nE: no such package\n')
  })

  it('is 64 KiB of each stream', () => {
    const tail = outputTail()
    for (let i = 0; i < 100; i++) tail.add('stdout', Buffer.alloc(4096, 97))
    tail.add('stderr', Buffer.from('the error'))
    assert.equal(tail.text(), `${'a'.repeat(64 << 10)}\nthe error`)
  })
})
