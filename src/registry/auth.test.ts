import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { StrakeError } from '../lib/mod.ts'
import { type Descriptor, mediaTypes } from '../oci/mod.ts'
import { findCredentials } from './config/credentials.ts'
import { login, logout } from './login.ts'
import { openRegistries } from './repository.ts'
import { readContent } from './target.ts'
import { FaultyRegistry } from './testing.ts'

const secret = 'pass:wörd "x"'
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function configured(config?: object) {
  const root = mkdtempSync(join(tmpdir(), 'strake-auth-'))
  folders.push(root)
  const file = join(root, 'config.json')
  if (config) writeFileSync(file, JSON.stringify(config))
  const env: NodeJS.ProcessEnv = { HOME: root, DOCKER_CONFIG: root, PATH: `${root}:${process.env.PATH}` }
  return { root, file, env, read: () => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> }
}

const basic = `Basic ${Buffer.from(`alice:${secret}`).toString('base64')}`
const auth = Buffer.from(`alice:${secret}`).toString('base64')
const fails = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StrakeError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  assert.doesNotMatch(`${error.message} ${error.hint} ${error.stack}`, /wörd|cGFzczp3/)
  return true
}

/** A registry that wants a token, which it gives to alice and for her refresh token; each counts for one request of blobs. */
async function tokenRegistry({ challenge = '', once = false } = {}) {
  const registry = await new FaultyRegistry().listen()
  const layer = registry.add('layer', mediaTypes.layer)
  const asked: string[] = []
  let tokens = 0
  let valid = ''
  registry.fault = async (request, response) => {
    if (request.url!.startsWith('/token')) {
      const url = new URL(request.url!, `http://${registry.host}`)
      let body = ''
      for await (const chunk of request) body += chunk
      const form = new URLSearchParams(body)
      asked.push(`${request.method} ${url.searchParams.getAll('scope')}${form.get('scope') ?? ''}`)
      const known = request.headers.authorization === basic || form.get('refresh_token') === 'refresh-me'
      if (!known) return registry.refuse(response, 'UNAUTHORIZED', 'wrong user name or password')
      valid = `token-${++tokens}`
      const offline = url.searchParams.get('offline_token') === 'true' && { refresh_token: 'refresh-me' }
      response.writeHead(200).end(JSON.stringify({ token: valid, expires_in: 300, ...offline }))
      return true
    }
    if (request.headers.authorization === `Bearer ${valid}`) {
      if (once) valid = 'used up'
      return false
    }
    const text = challenge || `Bearer realm="http://${registry.host}/token",service="test",error="invalid_token"`
    response.writeHead(401, { 'www-authenticate': text }).end('{}')
    return true
  }
  return Object.assign(registry, { layer, asked })
}

async function fetchLayer(registry: FaultyRegistry & { readonly layer: object }, env: NodeJS.ProcessEnv) {
  using registries = openRegistries({ env, retryDelay: 1 })
  const repository = registries.repository(registry.host, 'app', { access: 'pull' })
  return (await readContent(repository, registry.layer as Descriptor)).toString()
}

test('a token for the repository, with the password of config.json', async () => {
  await using registry = await tokenRegistry()
  const { env } = configured({ auths: { [registry.host]: { auth } } })
  assert.equal(await fetchLayer(registry, env), 'layer')
  assert.deepEqual(registry.asked, ['GET repository:app:pull'])
})

test('a token that has expired is renewed', async () => {
  await using registry = await tokenRegistry({ once: true })
  const { env } = configured({ auths: { [`https://${registry.host}/v1/`]: { auth } } })
  using registries = openRegistries({ env, retryDelay: 1 })
  const repository = registries.repository(registry.host, 'app', { access: 'pull' })
  const layer = registry.layer as Descriptor
  for (let i = 0; i < 3; i++) assert.equal((await readContent(repository, layer)).toString(), 'layer')
  assert.equal(registry.asked.length, 3)
})

test('a refresh token, from config.json or a helper', async () => {
  await using registry = await tokenRegistry()
  const { env } = configured({ auths: { [registry.host]: { identitytoken: 'refresh-me' } } })
  assert.equal(await fetchLayer(registry, env), 'layer')
  assert.deepEqual(registry.asked, ['POST repository:app:pull'])
  const { root, env: other } = configured({ credsStore: 'test' })
  helper(root, { Username: '<token>', Secret: 'refresh-me' })
  assert.equal(await fetchLayer(registry, other), 'layer')
})

test('wrong passwords and none', async () => {
  await using registry = await tokenRegistry()
  await assert.rejects(
    fetchLayer(registry, configured({ auths: { [registry.host]: { auth: btoa('bob:pass:w') } } }).env),
    fails('unauthorized', /wrong user name or password/),
  )
  await assert.rejects(fetchLayer(registry, configured().env), fails('unauthorized', /wrong user name/))
  await using plain = await tokenRegistry({ challenge: 'Basic realm="x"' })
  const { env } = configured({ auths: { [plain.host]: { auth } } })
  await assert.rejects(fetchLayer(plain, env), fails('unauthorized', /authentication required/))
  assert.ok(plain.requests.some(({ headers }) => headers.authorization === basic))
})

test('another host never sees credentials', async () => {
  await using other = await new FaultyRegistry().listen()
  const seen: IncomingMessage['headers'][] = []
  other.fault = (request, response) => {
    seen.push(request.headers)
    response.writeHead(200).end('layer')
    return true
  }
  await using registry = await tokenRegistry()
  const ask = registry.fault
  registry.fault = async (request, response, all) => {
    if (await ask(request, response, all)) return true
    response.writeHead(307, { location: `http://${other.host}/elsewhere` }).end()
    return true
  }
  const { env } = configured({ auths: { [registry.host]: { auth } } })
  assert.equal(await fetchLayer(registry, env), 'layer')
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.authorization, undefined)

  // Nor does it when an upload is sent there.
  registry.fault = async (request, response, all) => {
    if (await ask(request, response, all)) return true
    if (request.method !== 'POST') return false
    response.writeHead(202, { location: `http://${other.host}/upload` }).end()
    return true
  }
  using registries = openRegistries({ env, retryDelay: 1 })
  const repository = registries.repository(registry.host, 'app', { access: 'push' })
  const { digestOf } = await import('../oci/mod.ts')
  const blob = { mediaType: mediaTypes.layer, digest: digestOf('new'), size: 3 }
  await repository.push(blob, async function* () {
    yield Buffer.from('new')
  })
  assert.equal(seen.at(-1)?.authorization, undefined)
})

test('login keeps what the registry takes, logout forgets it', async () => {
  await using registry = await tokenRegistry({ challenge: 'Basic realm="x"' })
  registry.fault = (request, response) => {
    if (request.headers.authorization === basic) return false
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('{}')
    return true
  }
  const { file, env, read } = configured({ psFormat: 'x', auths: { 'other.test': { auth: 'b3RoZXI6eA==' } } })
  const credentials = { username: 'alice', password: secret }
  await assert.rejects(
    login({ registry: registry.host, credentials: { ...credentials, password: 'pass:wörd' }, env, retryDelay: 1 }),
    fails('unauthorized', /login attempt/),
  )
  assert.deepEqual(Object.keys(read().auths as object), ['other.test'])
  assert.equal((await login({ registry: `https://${registry.host}/`, credentials, env, retryDelay: 1 })).plain, file)
  assert.deepEqual(read(), {
    auths: { 'other.test': { auth: 'b3RoZXI6eA==' }, [registry.host]: { auth } },
    psFormat: 'x',
  })
  assert.equal(statSync(file).mode & 0o077, 0)
  // Once more, with what is stored.
  await login({ registry: registry.host, env })
  assert.equal(await logout(registry.host, env), true)
  assert.equal(await logout(registry.host, env), false)
  assert.deepEqual(Object.keys(read().auths as object), ['other.test'])
})

test('login with tokens keeps the refresh token instead of the password', async () => {
  await using registry = await tokenRegistry()
  const { env, read } = configured()
  const credentials = { username: 'alice', password: secret }
  assert.equal((await login({ registry: registry.host, credentials, env })).plain, undefined)
  assert.equal((read().auths as Record<string, { identitytoken: string }>)[registry.host]?.identitytoken, 'refresh-me')
  assert.equal(await fetchLayer(registry, env), 'layer')
})

test('credential helpers: stored, found, erased; nothing in the file', async () => {
  await using registry = await tokenRegistry()
  const { root, env, read } = configured({ credHelpers: { [registry.host]: 'test' } })
  const noOffline = registry.fault
  registry.fault = (request, response, seen) => {
    request.url = request.url!.replace('offline_token=true', '')
    return noOffline(request, response, seen)
  }
  const kept = helper(root)
  await login({ registry: registry.host, credentials: { username: 'alice', password: secret }, env })
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), {
    ServerURL: registry.host,
    Username: 'alice',
    Secret: secret,
  })
  assert.deepEqual(read().auths, { [registry.host]: {} })
  assert.equal(await fetchLayer(registry, env), 'layer')
  await logout(registry.host, env)
  assert.equal(readFileSync(kept, 'utf8'), '')
  assert.equal(await findCredentials(registry.host, env), undefined)

  writeFileSync(join(root, 'docker-credential-test'), '#!/bin/sh\necho "keychain is locked"; exit 1\n')
  await assert.rejects(
    findCredentials(registry.host, env),
    fails('failed', /docker-credential-test get ended with 1: keychain/),
  )
  writeFileSync(join(root, 'docker-credential-test'), `#!/bin/sh\necho '${secret}'\n`)
  await assert.rejects(findCredentials(registry.host, env), fails('failed', /did not answer/))
  rmSync(join(root, 'docker-credential-test'))
  await assert.rejects(findCredentials(registry.host, env), fails('unavailable', /not installed/))
})

test('a damaged config.json is told without what is in it', async () => {
  const { file, env } = configured()
  for (const text of [`{"auths": {"x": {"auth": "${auth}"`, '[]', '{"auths": 7}', '{"credHelpers": {"x": 7}}']) {
    writeFileSync(file, text)
    await assert.rejects(findCredentials('x', env), fails('invalid', /config\.json/))
  }
  writeFileSync(file, '{"credsStore": "../../bin/x"}')
  await assert.rejects(findCredentials('x', env), fails('invalid', /can't be the name/))
})

/** A credential helper that keeps one thing in a file. */
function helper(root: string, content?: object): string {
  const kept = join(root, 'kept')
  const script = join(root, 'docker-credential-test')
  mkdirSync(root, { recursive: true })
  writeFileSync(kept, content ? JSON.stringify(content) : '')
  writeFileSync(
    script,
    `#!/bin/sh
case $1 in
  store) cat > '${kept}' ;;
  get) [ -s '${kept}' ] || { echo 'credentials not found in native keychain'; exit 1; }; cat '${kept}' ;;
  erase) : > '${kept}' ;;
esac
`,
  )
  chmodSync(script, 0o755)
  return kept
}
