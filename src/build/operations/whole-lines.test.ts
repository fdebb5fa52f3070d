import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import { wholeLines } from './whole-lines.ts'

describe('two streams that become one', () => {
  function collect() {
    const shown: string[] = []
    const lines = wholeLines((stream, data) => shown.push(`${stream}: ${Buffer.from(data)}`))
    const say = (stream: 'stdout' | 'stderr', text: string) => lines.add(stream, Buffer.from(text))
    return { shown, lines, say }
  }

  it('meet at the ends of lines', () => {
    const { shown, lines, say } = collect()
    say('stderr', 'E')
    say('stdout', 'Reading lists...\nReading ')
    say('stderr', ': no such package\n')
    say('stdout', 'states...\n')
    lines.end()
    assert.deepEqual(shown, [
      'stdout: Reading lists...\n',
      'stderr: E: no such package\n',
      'stdout: Reading states...\n',
    ])
  })

  it('show a line that is drawn again, and what is left at the end', () => {
    const { shown, lines, say } = collect()
    say('stdout', '10 %\r20 %\r30')
    say('stdout', ' %')
    assert.deepEqual(shown, ['stdout: 10 %\r20 %\r'])
    lines.end()
    assert.deepEqual(shown.slice(1), ['stdout: 30 %'])
  })

  it('show a question that waits for an answer', async () => {
    const { shown, lines, say } = collect()
    say('stdout', 'Continue? ')
    while (shown.length === 0) await after(10)
    say('stdout', '[Y/n] ')
    lines.end()
    assert.deepEqual(shown, ['stdout: Continue? ', 'stdout: [Y/n] '])
  })
})
