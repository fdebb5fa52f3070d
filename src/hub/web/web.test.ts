import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Browser, chromium, openBrowser } from '../../../tests/support/browser.ts'
import { basic, password, pushImage, send, startHub, type TestHub } from '../testing.ts'

const evil = `"><script>document.title='broken'</script><img src=x onerror="document.title='broken'">`

let hub: TestHub
before(async () => {
  hub = await startHub()
  for (const name of ['alice/app', 'alice/secret', 'team/tool']) {
    await pushImage(hub, name, { user: 'root1', tag: '1.0' })
  }
  await hub.data.repositories.set('alice/secret', { visibility: 'private' })
  await hub.data.repositories.set('alice/app', {
    description: evil,
    readme: `# Title\n\n${evil}\n\n[x](javascript:alert(1))`,
  })
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

describe('pages, by what they are made of', () => {
  const get = async (path: string, cookie = '') => {
    const answer = await send(hub, `GET ${path}`, { headers: { cookie } })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const post = async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    await send(hub, `POST ${path}`, { headers, body: new URLSearchParams(fields) })
  const signIn = async (user: string) => {
    const answer = await post('/login', { user, password, next: '/account' })
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/account'])
    return answer.headers.get('set-cookie')!
  }
  const csrfOf = (text: string) => /name="csrf" value="([^"]+)"/.exec(text)![1]!

  test('nothing that others wrote becomes markup, and nothing else may run', async () => {
    for (const path of ['/', '/r/alice/app', '/r/alice/app:1.0', `/?q=${encodeURIComponent(evil)}`]) {
      const { status, text, headers } = await get(path)
      assert.equal(status, 200)
      assert.doesNotMatch(text, /<script>|<img|href="javascript:/)
      assert.match(headers.get('content-security-policy')!, /^default-src 'none'; .*script-src 'self'/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    }
    assert.match((await get('/r/alice/app:1.0')).text, /&lt;script&gt;1&lt;\/script&gt;/)
  })

  test('what is private shows to those who may see it', async () => {
    const cookie = (await signIn('alice')).split(';')[0]!
    const bob = (await signIn('bob')).split(';')[0]!
    for (const [visitor, status] of [
      ['', 404],
      [bob, 404],
      [cookie, 200],
    ] as const) {
      assert.equal((await get('/r/alice/secret', visitor)).status, status)
      assert.equal((await get('/r/alice/secret:1.0', visitor)).status, status)
      assert.equal((await get('/', visitor)).text.includes('alice/secret'), status === 200)
      assert.equal((await get('/?q=secret', visitor)).text.includes('/r/alice/secret'), status === 200)
      assert.equal((await get('/edit/alice/app', visitor)).status, status)
    }
    assert.equal(
      (await get('/r/alice/none', bob)).text,
      (await get('/r/alice/secret', bob)).text.replaceAll('secret', 'none'),
    )
  })

  test('a session: its cookie, its end, and forms of other places', async () => {
    const header = await signIn('alice')
    assert.match(header, /^strake=strake_web_[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/)
    const cookie = header.split(';')[0]!
    const csrf = csrfOf((await get('/account', cookie)).text)
    const create = { do: 'create', name: 'ci', scope: 'write', repositories: 'alice/*', days: '30' }
    assert.equal((await post('/account', create, { cookie })).status, 404)
    assert.equal((await post('/account', { ...create, csrf: `x${csrf}` }, { cookie })).status, 404)
    assert.equal((await post('/account', { ...create, csrf }, { cookie, origin: 'https://evil.example' })).status, 404)
    assert.equal((await hub.data.accounts.tokens('alice')).filter(({ kind }) => kind === 'access').length, 0)
    const made = await (await post('/account', { ...create, csrf }, { cookie })).text()
    const secret = /strake_pat_[\w-]+/.exec(made)![0]
    assert.equal(
      (await send(hub, 'POST /v2/alice/app/blobs/uploads/', { headers: basic('alice', secret) })).status,
      202,
    )
    assert.ok(!(await get('/account', cookie)).text.includes(secret))
    // An access token is no way to all rights.
    assert.equal((await post('/login', { user: 'alice', password: secret })).status, 401)
    assert.equal((await post('/logout', { csrf }, { cookie })).status, 303)
    assert.equal((await get('/account', cookie)).status, 303)
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\r\nx: y']) {
      const answer = await post('/login', { user: 'bob', password, next })
      assert.equal(answer.headers.get('location'), '/')
    }
    assert.equal((await post('/login', { user: 'bob', password }, { 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  test('an owner edits, others do not', async () => {
    const cookie = (await signIn('alice')).split(';')[0]!
    const csrf = csrfOf((await get('/edit/alice/app', cookie)).text)
    const fields = { csrf, description: 'New', readme: 'Text', immutable: 'on' }
    assert.equal((await post('/edit/team/tool', fields, { cookie })).status, 404)
    assert.equal((await post('/edit/alice/app', fields, { cookie })).status, 303)
    const { description, readme, immutable, visibility } = (await hub.data.repositories.find('alice/app'))!
    assert.deepEqual([description, readme, immutable, visibility], ['New', 'Text', true, 'public'])
    await hub.data.repositories.set('alice/app', { description: evil, immutable: false })
  })
})

describe('in a browser', { skip: chromium ? false : 'there is no Chromium' }, () => {
  let browser: Browser
  before(async () => {
    browser = await openBrowser()
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
  })

  const paths = ['/', '/r/alice/app', '/r/alice/app:1.0', '/login', '/u/alice', '/nothing']

  test('pages load without a fault, and fit the screens of phones', async () => {
    for (const screen of [
      { width: 320, height: 640 },
      { width: 390, height: 844, dark: true },
      { width: 1200, height: 800 },
    ]) {
      await browser.screen(screen)
      for (const path of paths) {
        await browser.open(hub.url + path)
        const wide = await browser.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
        assert.ok(wide <= 0, `${path} at ${screen.width}: ${wide}`)
        assert.match(await browser.evaluate<string>('document.title'), /Hub$/)
      }
    }
    assert.deepEqual(browser.problems, [])
  })

  test('light and dark have contrast, and every field and button has a name', async () => {
    for (const dark of [false, true]) {
      await browser.screen({ width: 1200, height: 800, dark })
      for (const path of paths) {
        await browser.open(hub.url + path)
        const faults = await browser.evaluate<string[]>(`(() => {
          const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number)
          const light = (color) => rgb(color).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
          const ground = (element) => {
            for (let e = element; e; e = e.parentElement) {
              const color = getComputedStyle(e).backgroundColor
              if (!/, 0\\)$/.test(color)) return color
            }
          }
          const faults = []
          for (const e of document.querySelectorAll('body *')) {
            if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.className === 'skip') continue
            const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x)
            if ((a + 0.05) / (b + 0.05) < 4.5) faults.push('contrast: ' + e.outerHTML.slice(0, 80))
          }
          for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
            if (!e.labels.length && !e.ariaLabel) faults.push('no label: ' + e.outerHTML)
          }
          return faults
        })()`)
        assert.deepEqual(faults, [], path)
      }
    }
  })

  test('by keyboard alone: to the login, in, to a repository', async () => {
    await browser.screen({ width: 1200, height: 800 })
    await browser.open(`${hub.url}/r/alice/secret`)
    const focused = () =>
      browser.evaluate<string>('document.activeElement.textContent.trim() || document.activeElement.name || ""')
    const reach = async (what: string) => {
      for (let i = 0; i < 40 && (await focused()) !== what; i++) await browser.press('Tab')
      assert.equal(await focused(), what)
    }
    await browser.press('Tab')
    assert.equal(await focused(), 'Skip to content')
    await reach('Sign in')
    await browser.following(() => browser.press('Enter'))
    // A browser gives the focus when it draws the page, which is after it has loaded it.
    for (let i = 0; i < 100 && (await focused()) !== 'user'; i++) await setTimeout(20)
    assert.equal(await focused(), 'user')
    await browser.type('alice')
    await browser.press('Tab')
    await browser.type(password)
    await browser.following(() => browser.press('Enter'))
    assert.equal(await browser.evaluate('location.pathname'), '/r/alice/secret')
    assert.match(await browser.evaluate<string>('document.body.innerText'), /docker pull .*\/alice\/secret:1\.0/)
    await reach('1.0')
    await browser.following(() => browser.press('Enter'))
    assert.match(await browser.evaluate<string>('document.body.innerText'), /COPY\s+app \//)
    assert.deepEqual(browser.problems, [])
  })

  test('a command is copied', async () => {
    const { origin } = new URL(hub.url)
    await browser.send('Browser.grantPermissions', {
      origin,
      permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'],
    })
    await browser.open(`${hub.url}/r/alice/app`)
    await browser.evaluate("document.querySelector('.copy button').focus()")
    await browser.press('Enter')
    const said = `new Promise((resolve) => {
      let tries = 0
      const look = () => {
        const text = document.querySelector('.copy button').textContent
        if (text === 'Copied' || ++tries > 300) resolve(text)
        else setTimeout(look, 20)
      }
      look()
    })`
    assert.equal(await browser.evaluate(said), 'Copied')
  })
})
