import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { main, openTerminal } from '../../src/cli/mod.ts'
import { type Engine, openEngine, save } from '../../src/engine/mod.ts'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { noSchemas, schemaProblems } from '../support/image-schema.ts'
import { writeBases } from './bases.ts'
import { type Case, cases, flatName, type Outcome, readExpected } from './cases.ts'
import { disagreements, picture } from './compare.ts'
import { writeContext } from './context.ts'

describe('Strake builds and refuses what Docker builds and refuses', { skip: notRoot, concurrency: 2 }, () => {
  let box: Sandbox
  let engine: Engine
  const context = () => join(box.dir, 'context')
  before(async () => {
    box = new Sandbox()
    Object.assign(process.env, box.env, { STRAKE_ROOT: box.root })
    engine = openEngine(box.root)
    mkdirSync(context())
    writeContext(context())
    for (const archive of writeBases(box.dir)) await box.ok(['load', '-i', archive])
  })
  after(() => {
    engine?.[Symbol.dispose]()
    return box?.[Symbol.asyncDispose]()
  })

  async function build(one: Case): Promise<Outcome> {
    const tag = flatName(one)
    const file = ['-f', one.dockerfile]
    const { code, stderr } = await strake(['build', '--ca', 'none', '-q', '-t', tag, ...one.args, ...file, context()])
    // Why a registry does not have an image is another reason on another machine.
    if (code !== 0) return { refused: /^ERROR: (.*?)(, and \S+ can't be reached: .*)?$/m.exec(stderr)?.[1] ?? stderr }
    const archive: Uint8Array[] = []
    for await (const chunk of save(engine, { images: [tag] })) archive.push(Buffer.from(chunk))
    const saved = Buffer.concat(archive)
    if (!noSchemas) assert.deepEqual(schemaProblems(saved), [])
    return picture(saved, one.dated)
  }

  for (const one of cases) {
    it(one.name, async () => assert.deepEqual(disagreements(await build(one), readExpected(one), one.says), []))
  }
})

/** The command line within this process: starting hundreds would take most of the time. */
async function strake(args: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  let stderr = ''
  const err = (text: string | Uint8Array) => {
    stderr += text
  }
  const code = await main(args, { ...openTerminal(), out() {}, err })
  return { code, stderr }
}
