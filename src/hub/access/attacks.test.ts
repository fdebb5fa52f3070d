import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { digestOf } from '../../oci/mod.ts'
import { basic, password, pushImage, send, startHub, type TestHub } from '../testing.ts'
import type { TokenScope } from '../types.ts'
import { hashPassword } from './passwords.ts'
import { hashSecret, newId, newSecret } from './secrets.ts'
import { Throttle } from './throttle.ts'

let hub: TestHub
before(async () => {
  hub = await startHub()
  for (const name of ['alice/open', 'alice/closed', 'alice/other', 'bob/open']) {
    await pushImage(hub, name, { user: name.split('/')[0]!, tag: 'latest' })
  }
  for (const name of ['alice/closed', 'alice/other']) await hub.data.repositories.set(name, { visibility: 'private' })
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

/** An access token; as headers. */
async function accessToken(user: string, scope: TokenScope, repositories?: string[]): Promise<Record<string, string>> {
  const secret = newSecret('access')
  await hub.data.accounts.addToken({
    id: newId(),
    hash: hashSecret(secret),
    user,
    kind: 'access',
    name: 'test',
    scope,
    repositories,
    parent: undefined,
    createdAt: 0,
    usedAt: undefined,
    expiresAt: undefined,
  })
  return basic(user, secret)
}

async function bearer(query: string, headers: Record<string, string>): Promise<Record<string, string>> {
  const answer = (await (await send(hub, `GET /token?${query}`, { headers })).json()) as { token: string }
  return { authorization: `Bearer ${answer.token}` }
}

const status = async (line: string, headers: Record<string, string>) => (await send(hub, line, { headers })).status

const catalog = async (headers: Record<string, string>) =>
  ((await (await send(hub, 'GET /v2/_catalog', { headers })).json()) as { repositories: string[] }).repositories

const search = async (headers: Record<string, string>) =>
  ((await (await send(hub, 'GET /v1/search?q=alice', { headers })).json()) as { results: { name: string }[] }).results
    .map(({ name }) => name)
    .sort()

test('a Bearer token is exchanged neither for more nor for a login', async () => {
  const headers = await bearer('scope=repository:alice/open:pull', basic('alice'))
  for (const query of ['scope=repository:alice/closed:pull,push', 'offline_token=true', '']) {
    const answer = await send(hub, `GET /token?${query}`, { headers })
    assert.equal(answer.status, 401)
    assert.doesNotMatch(await answer.text(), /token":/)
  }
  const form = new URLSearchParams({ grant_type: 'password', username: 'alice', password: 'guess' })
  assert.equal((await send(hub, 'POST /token', { headers, body: form })).status, 401)
  assert.ok((await hub.data.accounts.tokens('alice')).every(({ kind }) => kind !== 'login'))
})

test('lists show no private name that the token does not open', async () => {
  const all = ['alice/closed', 'alice/open', 'alice/other', 'bob/open']
  assert.deepEqual(await catalog(basic('alice')), all)
  assert.deepEqual(await catalog(await accessToken('alice', 'read')), all)
  const limited = await accessToken('alice', 'read', ['alice/c*d'])
  assert.deepEqual(await catalog(limited), ['alice/closed', 'alice/open', 'bob/open'])
  assert.deepEqual(await catalog(await bearer('scope=registry:catalog:*', limited)), [
    'alice/closed',
    'alice/open',
    'bob/open',
  ])
  assert.deepEqual(await search(limited), ['alice/closed', 'alice/open'])
  assert.deepEqual(await search(await accessToken('root1', 'delete', ['bob/*'])), ['alice/open'])
  // A token for one repository is none for lists.
  const narrow = await bearer('scope=repository:alice/closed:pull', basic('alice'))
  assert.deepEqual(await search(narrow), ['alice/open'])
  assert.equal(await status('GET /v2/_catalog', narrow), 401)
  assert.deepEqual(await search(basic('bob')), ['alice/open'])
  // A pattern that is made to take long.
  await pushImage(hub, `bob/${'a'.repeat(120)}`, { user: 'bob', tag: 'x' })
  await hub.data.repositories.set(`bob/${'a'.repeat(120)}`, { visibility: 'private' })
  assert.ok(
    !(await catalog(await accessToken('bob', 'read', [`${'*a'.repeat(60)}b`]))).some((name) => /aaa/.test(name)),
  )
})

test('a refused push says why, and what would work', async () => {
  const said = async (path: string, headers: Record<string, string>) => {
    const answer = await send(hub, `POST /v2/${path}/blobs/uploads/`, { headers })
    assert.equal(answer.status, 403)
    return ((await answer.json()) as { errors: { message: string }[] }).errors[0]!.message
  }
  const { host } = new URL(hub.url)
  const alice = basic('alice')
  const foreign = await said('bob/app', alice)
  assert.match(foreign, /^"bob" is neither your own namespace nor an organisation of yours\./)
  assert.ok(foreign.endsWith(`Push below your own name: ${host}/alice/app`))
  // Nor does it say which names are accounts.
  assert.equal((await said('nowhere/app', alice)).replaceAll('nowhere', 'bob'), foreign)
  await hub.data.accounts.setMember('team', 'alice', 'reader')
  assert.match(await said('team/app', alice), /^alice is a reader of "team": to push takes the role "writer"/)
  await hub.data.accounts.setMember('team', 'alice', undefined)
  assert.match(await said('alice/app', await accessToken('alice', 'read')), /has the scope "read": it may pull/)
  const limited = await accessToken('alice', 'write', ['alice/open'])
  assert.match(await said('alice/app', limited), /is for alice\/open, and not for alice\/app$/)
})

test('metrics are for administrators, and not for their limited tokens', async () => {
  assert.equal(await status('GET /metrics', await accessToken('root1', 'read')), 200)
  assert.equal(await status('GET /metrics', await accessToken('root1', 'delete', ['bob/*'])), 403)
  assert.equal(await status('GET /metrics', await bearer('scope=repository:bob/open:pull', basic('root1'))), 401)
})

test('a Bearer token of a user that was removed is none of the next one of that name', async () => {
  const add = async () =>
    hub.data.accounts.addUser({ name: 'carol', admin: false, password: await hashPassword(password) })
  await add()
  const headers = await bearer('scope=repository:carol/app:pull,push', basic('carol'))
  assert.equal(await status('POST /v2/carol/app/blobs/uploads/', headers), 202)
  await hub.data.accounts.removeNamespace('carol')
  assert.equal(await status('POST /v2/carol/app/blobs/uploads/', headers), 401)
  // The claims have seconds.
  const made = Date.now()
  while (Math.floor(Date.now() / 1000) === Math.floor(made / 1000)) await new Promise((done) => setTimeout(done, 20))
  await add()
  assert.equal(await status('POST /v2/carol/app/blobs/uploads/', headers), 401)
})

test('a Bearer token ends with the password or the access token that it was given for', async () => {
  await hub.data.accounts.addUser({ name: 'dave', password: await hashPassword(password), admin: false })
  await pushImage(hub, 'dave/app', { user: 'dave', tag: 'latest' })
  await hub.data.repositories.set('dave/app', { visibility: 'private' })
  const access = await accessToken('dave', 'read')
  const query = 'scope=repository:dave/app:pull'
  const [withPassword, withAccess] = [await bearer(query, basic('dave')), await bearer(query, access)]
  const statuses = async () => [
    await status('GET /v2/dave/app/manifests/latest', withPassword),
    await status('GET /v2/dave/app/manifests/latest', withAccess),
  ]
  assert.deepEqual(await statuses(), [200, 200])
  await hub.data.accounts.setPassword('dave', await hashPassword('another password'))
  assert.deepEqual(await statuses(), [401, 200])
  const again = await bearer(query, basic('dave', 'another password'))
  assert.equal(await status('GET /v2/dave/app/manifests/latest', again), 200)
  for (const { id } of await hub.data.accounts.tokens('dave')) await hub.data.accounts.removeToken(id)
  assert.deepEqual(await statuses(), [401, 401])
})

test('what belongs to a hidden repository is as hidden: blobs, referrers, uploads', async () => {
  const { digest, layer } = await pushImage(hub, 'alice/closed', { user: 'alice', tag: 'x' })
  const upload = (await send(hub, 'POST /v2/alice/closed/blobs/uploads/', { user: 'alice' })).headers.get('location')!
  const id = upload.split('/').at(-1)!
  for (const [headers, refusal] of [
    [{}, 401],
    [basic('bob'), 404],
    [await accessToken('alice', 'delete', ['alice/open']), 404],
    [await bearer('scope=repository:alice/open:pull,push', basic('alice')), 401],
  ] as const) {
    for (const line of [`GET /v2/alice/closed/blobs/${layer}`, `HEAD /v2/alice/closed/blobs/${layer}`]) {
      assert.equal(await status(line, headers), refusal)
    }
    assert.equal(await status(`GET /v2/alice/closed/referrers/${digest}`, headers), refusal)
    for (const method of ['GET', 'PATCH', 'DELETE', `PUT`]) {
      const answer = await status(`${method} ${upload}?digest=${layer}`, headers)
      assert.equal(answer, refusal === 404 ? 403 : refusal, method)
      assert.ok((await status(`${method} /v2/bob/open/blobs/uploads/${id}?digest=${layer}`, headers)) >= 400)
    }
  }
  assert.equal((await send(hub, `GET ${upload}`, { user: 'alice' })).status, 204)
  // Nor is a blob taken from there with a token for the target alone.
  const target = await bearer('scope=repository:alice/copy:pull,push', basic('alice'))
  assert.equal(await status(`POST /v2/alice/copy/blobs/uploads/?mount=${layer}&from=alice/closed`, target), 202)
})

test('many pushes at once do not get past a quota together', async () => {
  await hub.data.accounts.setQuota('team', 10_000)
  const statuses = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const body = randomBytes(4000)
      const path = `POST /v2/team/app${i % 3}/blobs/uploads/?digest=${digestOf(body)}`
      return (await send(hub, path, { user: 'root1', body })).status
    }),
  )
  assert.deepEqual(statuses.filter((code) => code === 201).length, 2)
  assert.deepEqual(statuses.filter((code) => code === 403).length, 10)
  assert.equal(await hub.data.contents.usage('team'), 8000)
  // More than there will ever be room for is not received.
  const answer = await send(hub, 'POST /v2/team/app/blobs/uploads/', { user: 'root1' })
  const location = answer.headers.get('location')!
  const sent = await send(hub, `PATCH ${location}`, { user: 'root1', body: Buffer.alloc(10_001) })
  assert.equal(sent.status, 413)
  assert.match(await sent.text(), /quota of \\"team\\"/)
})

test('what is being uploaded counts, in several parts and several uploads', async () => {
  await hub.data.accounts.setQuota('team', 20_000)
  const begun = async (n: number) =>
    (await send(hub, `POST /v2/team/parts${n}/blobs/uploads/`, { user: 'root1' })).headers.get('location')!
  const patch = (location: string, size: number) =>
    send(hub, `PATCH ${location}`, { user: 'root1', body: randomBytes(size) })
  const [first, second] = [await begun(1), await begun(2)]
  assert.equal((await patch(first, 8000)).status, 202)
  assert.equal((await patch(first, 4000)).status, 202)
  const refused = await patch(second, 9000)
  assert.equal(refused.status, 403)
  assert.match(await refused.text(), /quota of \\"team\\"/)
  assert.equal((await send(hub, `GET ${second}`, { user: 'root1' })).status, 404)
  const third = await begun(3)
  assert.equal((await patch(third, 8000)).status, 202)
  assert.equal((await patch(first, 4000)).status, 403)
  // What nobody has gone on with for a while makes room, the oldest first.
  const fourth = await begun(4)
  assert.equal((await patch(fourth, 8000)).status, 202)
  const folder = join(hub.folder, 'uploads')
  const minutesAgo = new Date(Date.now() - 300_000)
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), minutesAgo, minutesAgo)
  utimesSync(join(folder, readdirSync(folder).find((name) => statSync(join(folder, name)).size === 8000)!), 0, 0)
  const fifth = await begun(5)
  assert.equal((await patch(fifth, 12_000)).status, 202)
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  assert.equal(sizes.filter((size) => size === 8000).length, 1)
})

test('who guesses from many addresses of one network is one client', () => {
  const throttle = new Throttle()
  const guess = (address: string, user: string) => typeof throttle.attempt(address, user, 0)
  for (let i = 0; i < 10; i++) assert.equal(guess(`2001:db8:1:2::${i + 1}`, 'u'), 'function')
  assert.equal(guess('2001:db8:1:2:ffff:ffff:ffff:ffff', 'u'), 'number')
  assert.equal(guess('2001:db8:1:3::1', 'u'), 'function')
  assert.equal(guess('::1', 'u'), 'function')
  for (let i = 0; i < 10; i++) assert.equal(guess('::ffff:192.0.2.1', 'u'), 'function')
  assert.equal(guess('::ffff:192.0.2.1', 'u'), 'number')
  assert.equal(guess('::ffff:192.0.2.2', 'u'), 'function')
})
