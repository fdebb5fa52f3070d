// Our build checks against Docker's: with what was recorded, and with Docker itself where it can be had.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { noPeers } from '../support/peers.ts'
import { checkCases, expectedChecks } from './check-cases.ts'
import { agree, type Checked, dockerChecks, strakeChecks } from './docker-checks.ts'

const expected = expectedChecks()
for (const checkCase of checkCases) {
  test(checkCase.name, () => compare(strakeChecks(checkCase), expected[checkCase.name]!))
}

function compare(strake: Checked, docker: Checked) {
  if (!agree(strake, docker)) assert.deepEqual(strake, docker)
}

describe('with Docker', { skip: noPeers }, () => {
  test('cases', () => {
    const said = dockerChecks(checkCases)
    assert.deepEqual(Object.fromEntries(said), expected)
  })

  const wild = join(import.meta.dirname, '../../../shared/corpus/wild')
  test('Dockerfiles of other people', { skip: existsSync(wild) ? false : 'the corpus is not there' }, () => {
    const cases = readdirSync(wild).map((name) => ({ name, text: readFileSync(join(wild, name), 'utf8') }))
    const said = dockerChecks(cases)
    for (const one of cases) compare([one.name, ...strakeChecks(one)], [one.name, ...said.get(one.name)!])
  })
})
