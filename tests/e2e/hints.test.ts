import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from './harness.ts'

/** What beginners run into on Debian, and what the end of the error must tell them. */
const rules: readonly [name: string, step: string, told: RegExp][] = [
  ['packages without lists', 'rm -rf /var/lib/apt/lists/* && apt-get install -y curl', /apt-get update/],
  ['a question that nobody answers', 'apt-get update -q && apt-get install file', /-y/],
  ['a Python that is called python3', 'python --version', /python3/],
  ['a name that no package has', 'apt-get update -q && apt-get install -y python-pip', /python3-pip/],
]

describe('the hints of failed steps on Debian', { skip: notRoot }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.debian()
  })
  after(() => box?.[Symbol.asyncDispose]())

  for (const [name, step, told] of rules) {
    it(name, async () => {
      const context = box.context({ Dockerfile: `FROM debian:bookworm\nRUN ${step}\n` })
      const { code, stderr } = await box.run(['build', '--progress', 'plain', context])
      assert.equal(code, 1)
      // the step's own output comes first; the hint stands at the end
      assert.match(stderr.split('\n').slice(-8).join('\n'), told)
    })
  }

  it('pip of a distribution', async () => {
    const context = box.context({
      Dockerfile:
        'FROM debian:bookworm\nRUN apt-get update -q && apt-get install -y -q --no-install-recommends python3-pip\nRUN pip install flask\n',
    })
    const { code, stderr } = await box.run(['build', '--progress', 'plain', context])
    assert.equal(code, 1)
    assert.match(stderr.split('\n').slice(-8).join('\n'), /--break-system-packages|venv/)
  })
})
