import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { StrakeError } from '../lib/mod.ts'
import { mediaTypes } from '../oci/mod.ts'
import { endpointsOf } from './config/hosts.ts'
import { parseToml } from './config/toml.ts'
import { openRegistries } from './repository.ts'
import { FaultyRegistry } from './testing.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function configured(files: Readonly<Record<string, string>> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'strake-hosts-'))
  folders.push(root)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  return { root, env: { HOME: root, DOCKER_CONFIG: root, CONTAINERS_REGISTRIES_CONF: join(root, 'registries.conf') } }
}

const places = (name: string, env: NodeJS.ProcessEnv) => {
  const [registry = '', ...rest] = name.split('/')
  return endpointsOf(registry, rest.join('/'), env).map(
    ({ host, repository, schemes, mirror }) => `${mirror ? 'mirror ' : ''}${schemes.join('|')} ${host}/${repository}`,
  )
}

test('without configuration: TLS, but for this machine', () => {
  const { env } = configured()
  assert.deepEqual(places('docker.io/library/app', env), ['https registry-1.docker.io/library/app'])
  assert.deepEqual(places('registry.test/app', env), ['https registry.test/app'])
  for (const host of ['localhost:5000', '127.0.0.1:5000', '127.1.2.3', '[::1]:5000']) {
    assert.deepEqual(places(`${host}/app`, env), [`http|https ${host}/app`])
  }
  assert.deepEqual(places('127.0.0.1.registry.test/app', env), ['https 127.0.0.1.registry.test/app'])
})

test('daemon.json: insecure registries and mirrors of Docker Hub', () => {
  const { env } = configured({
    'daemon.json': JSON.stringify({
      'insecure-registries': ['registry.test:5000', '10.1.0.0/16', 'fd00::/8'],
      'registry-mirrors': ['https://mirror.test', 'http://10.1.2.3:5000/hub/'],
    }),
  })
  assert.deepEqual(places('registry.test:5000/app', env), ['https|http registry.test:5000/app'])
  assert.deepEqual(places('registry.test/app', env), ['https registry.test/app'])
  assert.deepEqual(places('10.1.9.9:80/app', env), ['https|http 10.1.9.9:80/app'])
  assert.deepEqual(places('10.2.9.9/app', env), ['https 10.2.9.9/app'])
  assert.deepEqual(places('[fd00::1]/app', env), ['https|http [fd00::1]/app'])
  assert.deepEqual(places('docker.io/library/app', env), [
    'mirror https mirror.test/library/app',
    'mirror http 10.1.2.3:5000/hub/library/app',
    'https registry-1.docker.io/library/app',
  ])
})

test('registries.conf: the longest prefix, other places, mirrors, what is blocked', () => {
  const { env } = configured({
    'registries.conf': `
unqualified-search-registries = ["docker.io"] # ignored
short-name-mode = 'permissive'

[[registry]]
prefix = "registry.test"
location = "other.test/all"
[[registry.mirror]]
location = "mirror.test:5000/sub"
insecure = true

[[registry]]
location = "registry.test/inner"
insecure = true

[[registry]]
prefix = "*.blocked.test"
blocked = true
[aliases]
"app" = "registry.test/app"
`,
  })
  assert.deepEqual(places('registry.test/app', env), [
    'mirror https|http mirror.test:5000/sub/app',
    'https other.test/all/app',
  ])
  assert.deepEqual(places('registry.test/inner/app', env), ['https|http registry.test/inner/app'])
  assert.deepEqual(places('registry.test.evil/app', env), ['https registry.test.evil/app'])
  assert.throws(() => places('a.blocked.test/app', env), { code: 'denied' })
})

test('damaged files are told with their place', () => {
  for (const [name, text, message] of [
    ['daemon.json', '{', /daemon\.json is not JSON/],
    ['daemon.json', '{"registry-mirrors": ["ftp://x"]}', /no http\(s\) URL/],
    ['registries.conf', '[[registry]]\nprefix = \n', /registries\.conf:2: a string/],
    ['registries.conf', '[[registry]]\nprefix = "a"\nprefix = "b"\n', /:3: prefix is there twice/],
    ['registries.conf', '[[registry]]\nblocked = true\n', /without a prefix/],
    ['registries.conf', 'x = "a" y\n', /:1: the end of the line/],
    ['registries.conf', '[registry]\n[[registry]]\n', /:2: registry is not a list/],
  ] as const) {
    const { env } = configured({ [name]: text })
    assert.throws(
      () => places('docker.io/library/app', env),
      (error) => error instanceof StrakeError && error.code === 'invalid' && message.test(error.message),
      text,
    )
  }
  assert.deepEqual(
    { ...parseToml('a.b = 1\n"c d" = [ "x", # y\n \'z\',\n]\n', 'f') },
    {
      a: Object.assign(Object.create(null), { b: 1 }),
      'c d': ['x', 'z'],
    },
  )
})

test('a mirror is asked first, and the registry where the mirror fails', async () => {
  await using mirror = await new FaultyRegistry().listen()
  await using registry = await new FaultyRegistry().listen()
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] }
  registry.addManifest('app', '1', manifest)
  const { env } = configured({
    'registries.conf': `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}/m"\n`,
  })
  const resolve = async () => {
    using registries = openRegistries({ env, retryDelay: 1 })
    return registries.repository(registry.host, 'app', { access: 'pull' }).resolve('1')
  }
  await resolve()
  assert.ok(mirror.count('HEAD', /\/m\/app\/manifests\/1/) === 1 && registry.requests.length > 0)
  mirror.addManifest('m/app', '1', manifest)
  registry.requests.length = 0
  await resolve()
  assert.equal(registry.requests.length, 0)
  mirror.fault = (_, response) => response.destroy() && true
  assert.equal((await resolve()).mediaType, mediaTypes.index)
})

const noOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'needs openssl'
  }
})()

test('TLS: an own CA and a client certificate in certs.d, and none', { skip: noOpenssl }, async () => {
  const { root, env } = configured()
  const make = (name: string, subject: string, extra: readonly string[]) =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${subject}`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.cert`,
        ...extra,
      ],
      { cwd: root, stdio: 'ignore' },
    )
  const names = ['-addext', 'subjectAltName=DNS:registry.test,DNS:localhost,IP:127.0.0.1']
  make('server', 'registry.test', names)
  make('client', 'alice', [])
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  await using registry = await new FaultyRegistry({
    key: read('server.key'),
    cert: read('server.cert'),
    ca: read('client.cert'),
    requestCert: true,
  }).listen()
  registry.addManifest('app', '1', { mediaType: mediaTypes.index, schemaVersion: 2, manifests: [] } as never)
  const port = registry.host.split(':')[1]
  const resolve = async (host: string, schemes: readonly ('https' | 'http')[], insecure: boolean) => {
    using registries = openRegistries({ env, retryDelay: 1 })
    const client = registries.client({ host, repository: 'app', schemes, insecure, mirror: false }, host)
    const answer = await client.request({ method: 'HEAD', path: 'app/manifests/1', scopes: [], doing: 'asking' })
    answer.body.destroy()
    return answer.status
  }
  const strict = (host: string) => resolve(host, ['https'], false)
  const host = `localhost:${port}`
  await assert.rejects(strict(host), (error) => {
    assert.ok(error instanceof StrakeError)
    assert.match(`${error.message} ${error.hint}`, /certificate.*certs\.d/s)
    return true
  })
  const directory = join(root, 'certs.d', host)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'ca.crt'), read('server.cert'))
  await assert.rejects(strict(host), (error) => {
    assert.match((error as StrakeError).hint ?? '', /a certificate of yours/)
    return true
  })
  writeFileSync(join(directory, 'client.cert'), read('client.cert'))
  await assert.rejects(strict(host), { code: 'invalid', message: /client\.key is missing/ })
  writeFileSync(join(directory, 'client.key'), read('client.key'))
  assert.equal(await strict(host), 200)
  // Insecure ones, as this machine is: plain HTTP is tried first.
  rmSync(join(directory, 'ca.crt'))
  assert.equal(await resolve(host, ['http', 'https'], true), 200)
})

test("a proxy of the environment, but not for this machine's own addresses", async () => {
  await using proxy = await new FaultyRegistry().listen()
  const asked: string[] = []
  proxy.fault = (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"tags":["1"]}')
    return true
  }
  const { env: plain } = configured({ 'daemon.json': '{"insecure-registries": ["registry.test:5000"]}' })
  // TLS is tried first; nobody is to look that name up.
  const none = 'http://127.0.0.1:9'
  const proxies = { http_proxy: `http://${proxy.host}`, https_proxy: none }
  const env = { ...plain, ...proxies, HTTP_PROXY: proxies.http_proxy, HTTPS_PROXY: none }
  using registries = openRegistries({ env, retryDelay: 1 })
  const first = async (host: string) => {
    for await (const tag of registries.repository(host, 'app', { access: 'pull' }).tags()) return tag
    return undefined
  }
  assert.equal(await first('registry.test:5000'), '1')
  assert.ok(asked.includes('GET http://registry.test:5000/v2/app/tags/list'), asked.join('\n'))
  asked.length = 0
  assert.equal(await first(proxy.host), '1')
  assert.deepEqual(asked, ['GET /v2/', 'GET /v2/app/tags/list'])
})
