import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { joinEntries, type ReadLogOptions, readLog } from './mod.ts'

let folder: string
let log: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'strake-test-'))
  log = join(folder, 'log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (second: number) => `2024-05-01T10:00:${String(second).padStart(2, '0')}.123456789+00:00`

async function text(options?: ReadLogOptions): Promise<string> {
  let all = ''
  for await (const entries of readLog(log, options)) {
    for (const { stream, data } of joinEntries(entries)) all += `${stream === 'stdout' ? '' : '!'}${Buffer.from(data)}`
  }
  return all
}

test('parts of lines come together again, byte for byte', async () => {
  const bytes = Buffer.from([0x00, 0xff, 0x20, 0x46, 0x20])
  writeFileSync(
    log,
    `${at(1)} stdout P par\n${at(1)} stdout F t\n${at(2)} stderr F err\n${at(3)} stdout F \n${at(4)} stdout P `,
  )
  appendFileSync(log, Buffer.concat([bytes, Buffer.from('\n')]))
  const entries = (await Array.fromAsync(readLog(log))).flat()
  assert.equal(entries[0]?.time, '2024-05-01T10:00:01.123456789Z')
  const stdout = entries.filter(({ stream }) => stream === 'stdout').map(({ data }) => data)
  assert.deepEqual(Buffer.concat(stdout), Buffer.concat([Buffer.from('part\n\n'), bytes]))
  assert.equal(await text({ tail: 0 }), '')
})

test('the last lines are found from the end, however long the file is', async () => {
  assert.equal(await text(), '')
  const lines = Array.from({ length: 50_000 }, (_, i) => `${at(i % 60)} stdout F line ${i}\n`)
  writeFileSync(log, lines.join(''))
  assert.equal(await text({ tail: 2 }), 'line 49998\nline 49999\n')
  assert.equal((await text({ tail: 49_999 })).split('\n').length, 50_000)
  assert.ok((await text({ tail: 60_000 })).startsWith('line 0\n'))
  appendFileSync(log, `${at(1)} stdout P a\n${at(1)} stdout P b\n`)
  assert.equal(await text({ tail: 1 }), 'ab')
  appendFileSync(log, `${at(1)} stdout F c\n`)
  assert.equal(await text({ tail: 2 }), 'line 49999\nabc\n')
})

test('times choose', async () => {
  writeFileSync(log, [1, 2, 3, 4].map((second) => `${at(second)} stdout F ${second}\n`).join(''))
  const time = (second: number) => Date.parse(`2024-05-01T10:00:0${second}.000Z`)
  assert.equal(await text({ since: time(3) }), '3\n4\n')
  assert.equal(await text({ until: time(3) }), '1\n2\n')
  assert.equal(await text({ since: time(2), until: time(4) }), '2\n3\n')
})

test('what a full disk has cut is passed over', async () => {
  writeFileSync(log, `${at(1)} stdout F a\n2024-05-01T1\n\nx stdout\n${at(2)} stdout F b\n${at(3)} stdo`)
  assert.equal(await text(), 'a\nb\n')
})

test('times with an offset are shown in UTC', async () => {
  writeFileSync(log, '2024-05-01T12:00:00.500000001+02:00 stdout F x\n')
  const [[entry] = []] = await Array.fromAsync(readLog(log))
  assert.equal(entry?.time, '2024-05-01T10:00:00.500000001Z')
})

test('following gives all that comes until the end, also what comes with it', async () => {
  writeFileSync(log, `${at(1)} stdout F 1\n`)
  const end = new AbortController()
  const all = text({ follow: end.signal })
  for (let i = 2; i <= 20; i++) {
    // Cut in the middle of a line, as a reader may find it.
    appendFileSync(log, `${at(i)} stdo`)
    await new Promise((resolve) => setTimeout(resolve, i % 3))
    appendFileSync(log, `ut F ${i}\n`)
  }
  end.abort()
  assert.equal(await all, Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join(''))
})

test('following ends by signal', async () => {
  writeFileSync(log, `${at(1)} stdout F 1\n`)
  const stop = new AbortController()
  const all = text({ follow: new AbortController().signal, signal: stop.signal })
  stop.abort()
  await assert.rejects(all, { code: 'cancelled' })
})
