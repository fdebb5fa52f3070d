import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { entries, find, members, names } from './commands.ts'

test('each name means one verb', () => {
  const all = entries.flatMap((entry) => [entry.name, ...names(entry)])
  assert.equal(new Set(all).size, all.length)
})

test('verbs are found by all their names', () => {
  const args = (words: string) => {
    const found = find(words.split(' '))
    return found.kind === 'verb' ? [found.entry.name, ...found.args] : found.kind
  }
  assert.deepEqual(args('build -t x .'), ['build', '-t', 'x', '.'])
  assert.deepEqual(args('image build .'), ['build', '.'])
  assert.deepEqual(args('image ls -q'), ['images', '-q'])
  assert.deepEqual(args('image inspect x'), ['inspect', '--type=image', 'x'])
  assert.deepEqual(args('container rm x'), ['rm', 'x'])
  assert.deepEqual(args('image'), 'group')
  assert.deepEqual(args('image nothing'), 'group')
  assert.deepEqual(args('nothing build'), 'unknown')
  assert.deepEqual(args(''), 'unknown')
  assert.ok(members('image').some(({ name }) => name === 'ls'))
})

test('the table and the files of the verbs agree', async () => {
  const files = globSync(join(import.meta.dirname, 'commands/*.ts')).filter((file) => !file.endsWith('.test.ts'))
  for (const file of files) {
    const { default: command } = await import(file)
    const entry = entries.find(({ name }) => name === command.name)
    assert.ok(entry, `${command.name} is not in the table`)
    assert.equal(basename(file), `${command.name.replaceAll(' ', '-')}.ts`)
    assert.equal((await entry.load()).default, command)
    assert.equal(command.summary, entry.summary)
    const shorts = Object.values<{ short?: string }>(command.options).flatMap(({ short }) => short ?? [])
    assert.equal(new Set(shorts).size, shorts.length, `${command.name}: a short option stands for two`)
  }
})
