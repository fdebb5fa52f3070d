import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { findProgram } from '../../src/host/mod.ts'
import { password, startHub } from '../../src/hub/testing.ts'
import { openImages } from '../../src/images/mod.ts'
import { makeImage } from '../../src/images/testing.ts'
import { dismissWorkers } from '../../src/layers/mod.ts'
import { pullImage, pushImage } from '../../src/registry/mod.ts'
import { withoutDockerHub } from '../../src/registry/testing.ts'
import { openStore } from '../../src/store/mod.ts'

const folder = mkdtempSync(join(tmpdir(), 'strake-oras-'))
after(async () => {
  await dismissWorkers()
  rmSync(folder, { recursive: true, force: true })
})

/** ORAS that STRAKE_ORAS names, or that is installed; where there is Go, it is made from the module proxy. */
const oras = process.env.STRAKE_ORAS ?? findProgram('oras') ?? build()

function build(): string | undefined {
  const source = join(folder, 'source')
  mkdirSync(source)
  const run = (...args: string[]) => execFileSync('go', args, { cwd: source, stdio: 'ignore', timeout: 300_000 })
  try {
    run('mod', 'init', 'oras')
    run('get', 'oras.land/oras/cmd/oras@v1.2.0')
    run('build', '-o', join(folder, 'oras'), 'oras.land/oras/cmd/oras')
    return join(folder, 'oras')
  } catch {
    return undefined
  }
}

const skip = oras === undefined ? 'ORAS can not be had (STRAKE_ORAS)' : process.getuid?.() !== 0 ? 'needs root' : false

describe('ORAS', { skip }, () => {
  test('keeps artifacts and what belongs to them in the hub, and reads and copies what Strake pushed', async () => {
    await using hub = await startHub()
    const host = new URL(hub.url).host
    const env = { ...withoutDockerHub(join(folder, 'docker')), HOME: folder }
    const run = async (...args: string[]) => {
      const words = [...args, '--plain-http', '--registry-config', join(folder, 'docker/config.json')]
      const { stdout } = await promisify(execFile)(oras!, words, { cwd: folder, env: { ...process.env, ...env } })
      return stdout
    }
    writeFileSync(join(folder, 'list.txt'), 'what is in it\n')
    writeFileSync(join(folder, 'app.wasm'), 'a program\n')
    await run('login', host, '-u', 'alice', '-p', password)

    // An artifact, with something about it.
    await run(
      'push',
      `${host}/alice/artifact:1`,
      '--artifact-type',
      'application/vnd.test',
      'app.wasm:application/wasm',
    )
    await run('attach', `${host}/alice/artifact:1`, '--artifact-type', 'test/list', 'list.txt')
    const back = join(folder, 'back')
    await run('pull', `${host}/alice/artifact:1`, '-o', back)
    assert.equal(readFileSync(join(back, 'app.wasm'), 'utf8'), 'a program\n')
    assert.match(await run('discover', `${host}/alice/artifact:1`), /test\/list/)

    // An image of ours.
    using store = openStore(join(folder, 'store'))
    const images = openImages(store)
    const reference = `${host}/alice/app:1`
    await makeImage(store, images, { files: { file: 'text' }, tags: [reference] })
    const { digest } = await pushImage(store, images, { reference, env })
    assert.equal((await run('resolve', reference)).trim(), digest)
    assert.equal((JSON.parse(await run('manifest', 'fetch', reference)) as { layers: unknown[] }).layers.length, 1)
    await run('attach', reference, '--artifact-type', 'test/list', 'list.txt')
    assert.match(await run('discover', reference), /test\/list/)
    assert.deepEqual((await run('repo', 'tags', `${host}/alice/app`)).split('\n').filter(Boolean), ['1'])
    await run('tag', reference, '2')
    using other = openStore(join(folder, 'other'))
    const pulled = await pullImage(other, openImages(other), { reference: `${host}/alice/app:2`, env })
    assert.equal(pulled.digest, digest)
  })
})
