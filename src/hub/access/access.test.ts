import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { basic, errorCode, password, pushImage, send, startHub, type TestHub } from '../testing.ts'
import { isBcrypt } from './bcrypt.ts'
import { hashPassword, isOutdated, parseHtpasswd, verifyPassword } from './passwords.ts'
import { newSecret } from './secrets.ts'
import { Throttle } from './throttle.ts'

let hub: TestHub
before(async () => {
  hub = await startHub()
  const { accounts, repositories } = hub.data
  for (const [name, role] of [
    ['olga', 'owner'],
    ['walt', 'writer'],
    ['rita', 'reader'],
  ] as const) {
    await accounts.addUser({ name, admin: false, password: await hashPassword(password) })
    await accounts.setMember('team', name, role)
  }
  for (const name of ['alice/open', 'alice/closed', 'team/open', 'team/closed', 'library/base']) {
    await pushImage(hub, name, { user: 'root1', tag: 'latest' })
    if (name.endsWith('closed')) await repositories.set(name, { visibility: 'private' })
  }
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

/** A right that is there, one that is not, and the answers of each: to nobody, and to somebody. */
const lines: Record<string, (repository: string) => string> = {
  pull: (repository) => `GET /v2/${repository}/manifests/latest`,
  tags: (repository) => `GET /v2/${repository}/tags/list`,
  push: (repository) => `POST /v2/${repository}/blobs/uploads/`,
  delete: (repository) => `DELETE /v2/${repository}/manifests/nothing`,
}
const granted: Record<string, number> = { pull: 200, tags: 200, push: 202, delete: 404 }

/** Who may do what: p pull, w push, d delete. */
const table: Record<string, Record<string, string>> = {
  'alice/open': { '': 'p', alice: 'pwd', bob: 'p', olga: 'p', walt: 'p', rita: 'p', root1: 'pwd' },
  'alice/closed': { '': '', alice: 'pwd', bob: '', olga: '', walt: '', rita: '', root1: 'pwd' },
  'team/open': { '': 'p', alice: 'p', bob: 'p', olga: 'pwd', walt: 'pw', rita: 'p', root1: 'pwd' },
  'team/closed': { '': '', alice: '', bob: '', olga: 'pwd', walt: 'pw', rita: 'p', root1: 'pwd' },
  'library/base': { '': 'p', alice: 'p', bob: 'p', olga: 'p', walt: 'p', rita: 'p', root1: 'pwd' },
  base: { '': 'p', alice: 'p', bob: 'p', olga: 'p', walt: 'p', rita: 'p', root1: 'pwd' },
}

describe('who may do what', () => {
  for (const [repository, users] of Object.entries(table)) {
    for (const [user, may] of Object.entries(users)) {
      test(`${user || 'nobody'} at ${repository}: ${may || 'nothing'}`, async () => {
        for (const [action, line] of Object.entries(lines)) {
          const allowed = may.includes({ pull: 'p', tags: 'p', push: 'w', delete: 'd' }[action]!)
          const answer = await send(hub, line(repository), { user: user || undefined })
          const refusal = user === '' ? 401 : action === 'push' || may.includes('p') ? 403 : 404
          assert.equal(answer.status, allowed ? granted[action] : refusal, action)
          await answer.body?.cancel()
          if (answer.status === 401) assert.match(answer.headers.get('www-authenticate')!, /^Bearer realm=/)
        }
      })
    }
  }

  test('what is hidden and what is not there look the same', async () => {
    for (const user of [undefined, 'bob']) {
      for (const action of Object.values(lines)) {
        const of = async (repository: string) => {
          const answer = await send(hub, action(repository), { user })
          return [answer.status, answer.headers.get('www-authenticate'), await answer.text()].join('\n')
        }
        assert.equal((await of('alice/closed')).replaceAll('closed', 'never1'), await of('alice/never1'))
      }
    }
    const catalog = (await (await send(hub, 'GET /v2/_catalog', { user: 'bob' })).json()) as { repositories: string[] }
    assert.deepEqual(catalog.repositories, ['alice/open', 'library/base', 'team/open'])
    assert.equal((await send(hub, 'GET /v2/_catalog')).status, 401)
  })

  test('a push without a namespace is told the command that works', async () => {
    const answer = await send(hub, 'POST /v2/app/blobs/uploads/', { user: 'bob' })
    const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] }
    const host = new URL(hub.url).host
    assert.equal(errors[0]!.code, 'DENIED')
    assert.match(
      errors[0]!.message,
      new RegExp(`docker tag ${host}/app ${host}/bob/app && docker push ${host}/bob/app`),
    )
  })

  test('a blob of a hidden repository is not mounted', async () => {
    const { layer } = await pushImage(hub, 'alice/closed', { user: 'alice', tag: 'x' })
    const mount = (user: string, from: string) =>
      send(hub, `POST /v2/${user}/copy/blobs/uploads/?mount=${layer}&from=${from}`, { user })
    assert.equal((await mount('bob', 'alice/closed')).status, 202)
    assert.equal((await send(hub, `HEAD /v2/bob/copy/blobs/${layer}`, { user: 'bob' })).status, 404)
    assert.equal((await mount('alice', 'alice/closed')).status, 201)
    assert.equal((await send(hub, `HEAD /v2/alice/copy/blobs/${layer}`, { user: 'alice' })).status, 200)
  })
})

async function token(query: string, headers: Record<string, string> = {}, init: RequestInit = {}) {
  const answer = await fetch(`${hub.url}/token${query}`, { headers, ...init })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}
const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

describe('tokens', () => {
  test('a Bearer token allows what it was given for, and only what its user may', async () => {
    const { body } = await token('?service=strake-hub&scope=repository:alice/open:pull,push', basic('bob'))
    const claims = JSON.parse(Buffer.from(body.token!.split('.')[1]!, 'base64url').toString())
    assert.deepEqual(claims.access, [{ type: 'repository', name: 'alice/open', actions: ['pull'] }])
    const headers = bearer(body.token!)
    assert.equal((await send(hub, 'GET /v2/', { headers })).status, 200)
    assert.equal((await send(hub, 'GET /v2/alice/open/manifests/latest', { headers })).status, 200)
    const other = await send(hub, 'GET /v2/team/open/manifests/latest', { headers })
    assert.equal(other.status, 401)
    assert.match(other.headers.get('www-authenticate')!, /error="insufficient_scope"/)
  })

  test('one that was changed, is over or is of somebody else is refused', async () => {
    const { body } = await token('?scope=repository:alice/open:pull', basic('alice'))
    const [head, , signature] = body.token!.split('.')
    const forged = Buffer.from(JSON.stringify({ aud: 'strake-hub', sub: 'root1', exp: 1e10, access: [] }))
    for (const text of [
      `${head}.${forged.toString('base64url')}.${signature}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.toString('base64url')}.`,
      'x',
      'a.b.c',
      '',
    ]) {
      assert.equal((await send(hub, 'GET /v2/', { headers: bearer(text) })).status, 401, text)
    }
    assert.equal((await token('?service=other', basic('alice'))).status, 400)
    assert.equal((await token('', basic('alice', 'wrong'))).status, 401)
  })

  test('a login is kept in the place of the password, and ends with a new password', async () => {
    const { accounts } = hub.data
    await accounts.addUser({ name: 'carol', admin: false, password: await hashPassword(password) })
    const { body } = await token('?offline_token=true&client_id=docker', basic('carol'))
    const refresh = (secret = body.refresh_token!) => {
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: secret, service: 'strake-hub' })
      return token('', {}, { method: 'POST', body: form })
    }
    const again = await refresh()
    assert.equal(again.status, 200)
    assert.equal((await send(hub, 'GET /v2/', { headers: bearer(again.body.access_token!) })).status, 200)
    await accounts.setPassword('carol', await hashPassword('another password'))
    assert.equal((await refresh()).status, 401)
    assert.equal((await send(hub, 'GET /v2/', { headers: bearer(again.body.access_token!) })).status, 401)
    assert.equal((await refresh(newSecret('login'))).status, 401)
  })

  test('an access token allows less than its user may, and ends', async () => {
    const { newId, newSecret, hashSecret } = await import('./secrets.ts')
    const make = async (fields: {
      scope: 'read' | 'write' | 'delete'
      repositories?: string[]
      expiresAt?: number
    }) => {
      const secret = newSecret('access')
      const id = newId()
      await hub.data.accounts.addToken({
        id,
        hash: hashSecret(secret),
        user: 'alice',
        kind: 'access',
        name: 'test',
        parent: undefined,
        createdAt: 0,
        usedAt: undefined,
        repositories: undefined,
        expiresAt: undefined,
        ...fields,
      })
      return { id, headers: basic('alice', secret) }
    }
    const status = async (line: string, headers: Record<string, string>) => (await send(hub, line, { headers })).status
    const read = await make({ scope: 'read' })
    assert.equal(await status('GET /v2/alice/closed/manifests/latest', read.headers), 200)
    assert.equal(await status('POST /v2/alice/closed/blobs/uploads/', read.headers), 403)
    const write = await make({ scope: 'write', repositories: ['alice/o*'] })
    assert.equal(await status('POST /v2/alice/open/blobs/uploads/', write.headers), 202)
    assert.equal(await status('DELETE /v2/alice/open/manifests/none', write.headers), 403)
    assert.equal(await status('GET /v2/alice/closed/manifests/latest', write.headers), 404)
    assert.equal(await status('GET /v2/team/open/manifests/latest', write.headers), 200)
    const over = await make({ scope: 'delete', expiresAt: Date.now() - 1 })
    assert.equal(await status('GET /v2/', over.headers), 401)
    // What was made from it ends with it.
    const { body } = await token('?offline_token=true&scope=repository:alice/closed:pull', read.headers)
    assert.equal(await status('GET /v2/alice/closed/manifests/latest', bearer(body.token!)), 200)
    await hub.data.accounts.removeToken(read.id)
    assert.equal(await status('GET /v2/alice/closed/manifests/latest', bearer(body.token!)), 401)
    assert.equal(await status('GET /v2/', read.headers), 401)
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: body.refresh_token! })
    assert.equal((await token('', {}, { method: 'POST', body: form })).status, 401)
  })
})

describe('passwords', () => {
  test('scrypt: the right one only; the stored form has no password in it', async () => {
    const stored = await hashPassword(password)
    assert.ok(!stored.includes(password) && !isOutdated(stored))
    assert.equal(await verifyPassword(password, stored), true)
    for (const wrong of ['', 'correct hors', `${password} `, password.toUpperCase()]) {
      assert.equal(await verifyPassword(wrong, stored), false)
    }
    await assert.rejects(hashPassword('short'), /at least 8/)
  })

  test('bcrypt, as htpasswd and OpenBSD make it', async () => {
    // The first one is the test vector of the paper's implementation; the second one was made by htpasswd.
    assert.ok(await verifyPassword('U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'))
    const [line] = parseHtpasswd('# users\nalice:$2y$05$hxmJ8DPpbBa.pKgCSsM5/OR4h98KLYzMr9VAM241x8CMzNavIfevi\n')
    assert.equal(line!.name, 'alice')
    assert.ok(await verifyPassword('sécret pass', line!.password))
    assert.ok(!(await verifyPassword('secret pass', line!.password)))
    assert.ok(!isBcrypt('$2y$31$hxmJ8DPpbBa.pKgCSsM5/OR4h98KLYzMr9VAM241x8CMzNavIfevi'))
    assert.throws(() => parseHtpasswd('alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='), /line 1/)
  })

  test('an imported user signs in, and is stored as scrypt then', async () => {
    const stored = '$2y$05$hxmJ8DPpbBa.pKgCSsM5/OR4h98KLYzMr9VAM241x8CMzNavIfevi'
    await hub.data.accounts.addUser({ name: 'dora', admin: false, password: stored })
    for (let i = 0; i < 2; i++) {
      const answer = await send(hub, 'GET /v2/', { headers: basic('dora', 'sécret pass') })
      assert.equal(answer.status, 200)
    }
    assert.match((await hub.data.accounts.user('dora'))!.password, /^scrypt/)
  })

  test('guessing is slowed down; who knows the password is not locked out', async () => {
    await using guarded = await startHub()
    assert.equal((await send(guarded, 'GET /v2/', { user: 'bob' })).status, 200)
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, i) => send(guarded, 'GET /v2/', { headers: basic('bob', `guess ${i}`) })),
    )
    const statuses = guesses.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(4).fill(429)])
    const late = guesses.find(({ status }) => status === 429)!
    assert.ok(Number(late.headers.get('retry-after')) > 0)
    assert.equal(await errorCode(late), 'TOOMANYREQUESTS')
    assert.equal((await send(guarded, 'GET /v2/', { user: 'bob' })).status, 200)
    assert.equal((await send(guarded, 'GET /v2/', { user: 'alice' })).status, 200)
  })

  test('a throttle forgets, and takes back what was right', () => {
    const throttle = new Throttle()
    for (let i = 0; i < 100; i++) (throttle.attempt('a', 'u', 0) as () => void)()
    for (let i = 0; i < 10; i++) throttle.attempt('a', 'u', 0)
    assert.equal(throttle.attempt('a', 'u', 60_000), 240_000)
    assert.equal(typeof throttle.attempt('b', 'u', 60_000), 'function')
    assert.equal(typeof throttle.attempt('a', 'u', 300_001), 'function')
  })
})
