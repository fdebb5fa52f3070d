import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { cases, readExpected } from './cases.ts'
import { differences, picture } from './compare.ts'
import { writeBases, writeContext } from './context.ts'

describe('Strake builds what Docker builds', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  const context = () => join(box.dir, 'context')
  before(async () => {
    box = new Sandbox()
    mkdirSync(context())
    writeContext(context())
    for (const archive of writeBases(box.dir)) await box.ok(['load', '-i', archive])
  })
  after(() => box?.[Symbol.asyncDispose]())

  for (const { name, dockerfile, args, base } of cases) {
    it(name, async () => {
      const archive = join(box.dir, `${name}.tar`)
      await box.ok(['build', '--ca', 'none', '-t', name, ...args, '-f', dockerfile, context()])
      await box.ok(['save', '-o', archive, name])
      assert.deepEqual(differences(picture(readFileSync(archive), base), readExpected(name)), [])
    })
  }
})
