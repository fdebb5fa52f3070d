import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import {
  createContainer,
  currentContainer,
  listContainers,
  places,
  readLog,
  removeContainer,
  startContainer,
  waitContainer,
} from './mod.ts'
import { asRoot, testContext } from './testing.ts'
import type { Context } from './types.ts'

async function output(context: Context, id: string): Promise<{ stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' }
  for await (const entries of readLog(places(context.store, id).log)) {
    for (const { stream, data } of entries) text[stream] += Buffer.from(data).toString()
  }
  return text
}

test('a container runs to its end, and its output and exit code are kept', asRoot, async () => {
  await using context = testContext()
  const container = createContainer(context, {
    image: 'box',
    command: ['sh', '-c', 'echo out; echo err >&2; printf part; exit 3'],
  })
  const started = await startContainer(context, container)
  assert.equal(await waitContainer(context, container.id), 3)
  await started!.ended
  assert.deepEqual(await output(context, container.id), { stdout: 'out\npart', stderr: 'err\n' })
  const { state } = await currentContainer(context, container.id)
  assert.equal(state.kind, 'exited')
  await removeContainer(context, container.name)
  assert.deepEqual(await listContainers(context), [])
  assert.ok(!existsSync(places(context.store, container.id).directory))
})
