import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { execute } from './executor.ts'
import { mountStubs } from './stubs.ts'
import { asRoot, testRoot } from './testing.ts'
import { hostTrust } from './trust.ts'
import { trustStore } from './trust-store.ts'

const [certificate, other] = rootCertificates as [string, string]

test('without a bundle and a proxy nothing is done or announced', () => {
  const nothing = { mounts: [], env: [], announcement: undefined, warnings: [] }
  assert.deepEqual({ ...hostTrust({}, 'auto') }, nothing)
  assert.deepEqual(hostTrust({ PIP_CERT: '/etc/passwd', http_proxy: 'http://p:1' }, 'none'), nothing)
})

test('a proxy is given in both spellings, and its password is not shown', () => {
  const { env, announcement, warnings } = hostTrust(
    { HTTPS_PROXY: 'http://me:secret@proxy:3128', no_proxy: 'a,b' },
    'auto',
  )
  assert.deepEqual(env, [
    'https_proxy=http://me:secret@proxy:3128',
    'HTTPS_PROXY=http://me:secret@proxy:3128',
    'no_proxy=a,b',
    'NO_PROXY=a,b',
  ])
  assert.match(announcement!, /proxy \(http:\/\/proxy:3128\)/)
  assert.ok(!announcement!.includes('secret'))
  assert.deepEqual(warnings, [])
})

test('a proxy that steps can not reach is warned of', () => {
  for (const url of ['http://127.0.0.1:3128', 'localhost:80', 'http://u:p@localhost', 'http://[::1]:1/']) {
    assert.equal(hostTrust({ http_proxy: url }, 'auto').warnings.length, 1, url)
  }
  for (const url of ['http://127.0.0.1.example.com', 'http://10.0.0.1:1', 'http://localhost.example']) {
    assert.equal(hostTrust({ http_proxy: url }, 'auto').warnings.length, 0, url)
  }
})

test('what is named and can not be used is said', () => {
  const { warnings, env } = hostTrust({ PIP_CERT: '/no/such' }, 'auto')
  assert.deepEqual([warnings, env], [['PIP_CERT is passed over: there is no file /no/such'], []])
  assert.throws(() => hostTrust({}, { file: '/no/such' }), { code: 'invalid', message: /does not exist/ })
  assert.throws(() => hostTrust({}, { file: '/etc/passwd' }), { code: 'invalid', message: /no certificate/ })
})

test('a truststore is what Java reads', () => {
  const store = trustStore([certificate, 'no certificate'])
  assert.deepEqual([store.readUInt32BE(0), store.readUInt32BE(4), store.readUInt32BE(8)], [0xfeedfeed, 2, 1])
  assert.ok(store.includes(new X509Certificate(certificate).raw))
})

test('a step reads the bundle as any user, and the layer does not tell', asRoot, async () => {
  using root = testRoot()
  const file = join(root.lower, '../ca.pem')
  writeFileSync(file, `junk\n${certificate}\r\n${certificate}\n${other}`, { mode: 0o600 })
  const { env, mounts } = hostTrust({ NODE_EXTRA_CA_CERTS: file }, 'auto')
  try {
    const [variable] = env.filter((entry) => entry.startsWith('SSL_CERT_FILE='))
    let output = ''
    {
      using _ = mountStubs(root, mounts)
      const command = 'cat "$SSL_CERT_FILE" "$APT_CONFIG" "$WGETRC"; touch /made; (echo x > "$SSL_CERT_FILE") 2>&1'
      const spec = root.spec(['sh', '-c', command], { mounts, user: '42', env: ['PATH=/bin', ...env] })
      await execute(spec, { onOutput: (_, chunk) => (output += Buffer.from(chunk).toString()) })
    }
    for (const pem of [certificate, other]) assert.equal(output.split(pem).length, 2)
    assert.match(output, /Acquire::https::CaInfo ".*ca_certificate = .*Read-only/s)
    assert.equal(variable, 'SSL_CERT_FILE=/dev/strake/ca.crt')
    const source = mounts[0]!.source
    assert.ok(readFileSync(join(source, 'ca.jks')).length > 1000)
    assert.deepEqual(hostTrust({ NODE_EXTRA_CA_CERTS: file }, 'auto').mounts, mounts)
  } finally {
    for (const { source } of mounts) rmSync(source, { recursive: true })
  }
})
