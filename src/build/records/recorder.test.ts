import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryStore } from '../../store/testing.ts'
import { recordBuild } from './recorder.ts'

test('a log that cannot be written ends, and the build goes on', () => {
  using t = temporaryStore()
  const subject = { name: '', context: '.', file: 'Dockerfile', targets: [], tags: [], project: 'p' }
  using lease = t.store.lease('test')
  const recorder = recordBuild(t.store, subject, String(lease.id))
  // A file where the folder of its logs is to be: nobody, root included, can make it.
  mkdirSync(join(t.root, 'builds'), { recursive: true })
  writeFileSync(join(t.root, 'builds', recorder.id), '')
  const vertex = { kind: 'vertex', id: 'a', name: 'RUN true' } as const
  recorder.sink({ ...vertex, state: 'started', at: 1 })
  for (let i = 0; i < 2; i++)
    recorder.sink({ kind: 'log', vertex: 'a', stream: 'stdout', data: Buffer.from('hello\n') })
  recorder.sink({ ...vertex, state: 'done', at: 3 })
  const { steps } = recorder.finish({ status: 'completed' })
  assert.deepEqual(
    steps.map(({ state, logBytes }) => [state, logBytes]),
    [['done', 0]],
  )
})
