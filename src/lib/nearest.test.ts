import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const instructions = ['FROM', 'RUN', 'COPY', 'CMD', 'ENTRYPOINT', 'EXPOSE', 'WORKDIR']

test('finds what was meant', () => {
  for (const [word, meant] of [
    ['FORM', 'FROM'],
    ['RNU', 'RUN'],
    ['copyy', 'COPY'],
    ['ENTRIPONT', 'ENTRYPOINT'],
    ['EXPOES', 'EXPOSE'],
    ['workdir', 'WORKDIR'],
  ] as const)
    assert.equal(nearest(word, instructions), meant)
})

test('does not guess wildly', () => {
  for (const word of ['', 'X', 'echo', 'apt-get', 'PUSH']) assert.equal(nearest(word, instructions), undefined, word)
  assert.equal(nearest('a', ['b']), undefined)
  assert.equal(nearest('anything', []), undefined)
})

test('prefers the nearest, then the first', () => {
  assert.equal(nearest('app.py', ['apps.py', 'app.py~', 'app.ps']), 'apps.py')
  assert.equal(nearest('requirement.txt', ['requirments.txt', 'requirements.txt']), 'requirements.txt')
})
