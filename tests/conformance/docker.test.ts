import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { noPeers } from '../support/peers.ts'
import { cases, readExpected } from './cases.ts'
import { disagreements } from './compare.ts'
import { Docker } from './docker.ts'

// With strake.test.ts, this makes the comparison: both builders against the same stored expectation.
describe('the stored expectations are what Docker makes', { skip: noPeers, concurrency: false }, () => {
  let docker: Docker
  before(() => {
    docker = new Docker()
  })
  after(() => docker?.[Symbol.dispose]())

  for (const each of cases) {
    it(each.name, (test) => {
      if (!docker.can(each)) return test.skip('Docker has no docker/dockerfile:1-labs')
      assert.deepEqual(disagreements(docker.build(each), readExpected(each), undefined), [])
    })
  }
})
