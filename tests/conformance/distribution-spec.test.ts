import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { password, startHub } from '../../src/hub/testing.ts'

/**
 * The distribution spec's own suite: a program that STRAKE_OCI_CONFORMANCE names (`go test -c` of
 * github.com/opencontainers/distribution-spec/conformance). Where there is Go, it is made from the module proxy.
 */
const suite = process.env.STRAKE_OCI_CONFORMANCE ?? build()

function build(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'strake-conformance-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'conformance.test')
  const module = 'github.com/opencontainers/distribution-spec/conformance'
  const run = (...args: string[]) => execFileSync('go', args, { cwd: folder, stdio: 'ignore', timeout: 300_000 })
  try {
    run('mod', 'init', 'conformance')
    run('get', `${module}@b5f09ebe541c65857e8721d51a7a3d0e2f1d8749`)
    run('test', '-c', '-o', program, module)
    return program
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  }
}

const skip = suite === undefined ? 'the suite can not be had (STRAKE_OCI_CONFORMANCE)' : false

test('the conformance suite of the distribution spec: pull, push, content discovery, content management', {
  skip,
}, async () => {
  await using hub = await startHub()
  const report = mkdtempSync(join(tmpdir(), 'strake-conformance-'))
  try {
    const done = await promisify(execFile)(suite!, [], {
      cwd: report,
      maxBuffer: 64 << 20,
      env: {
        ...process.env,
        OCI_ROOT_URL: hub.url,
        OCI_NAMESPACE: 'alice/conformance',
        OCI_CROSSMOUNT_NAMESPACE: 'alice/mounted',
        OCI_USERNAME: 'alice',
        OCI_PASSWORD: password,
        OCI_TEST_PULL: '1',
        OCI_TEST_PUSH: '1',
        OCI_TEST_CONTENT_DISCOVERY: '1',
        OCI_TEST_CONTENT_MANAGEMENT: '1',
        OCI_DELETE_MANIFEST_BEFORE_BLOBS: '1',
        OCI_REPORT_DIR: report,
      },
    }).catch((error: { code?: unknown }) => error)
    const cases = readFileSync(join(report, 'junit.xml'), 'utf8').split('<testcase ').slice(1)
    const failed = cases.filter((text) => text.includes('<failure'))
    assert.deepEqual(failed, [])
    assert.ok(cases.length > 60, `${cases.length} cases`)
    assert.ok(!('code' in done), 'the suite failed')
  } finally {
    rmSync(report, { recursive: true, force: true })
  }
})
