import { StrakeError } from '../../lib/mod.ts'
import { hashPassword } from '../access/passwords.ts'
import { hashSecret, newId, newSecret } from '../access/secrets.ts'
import type { Service } from '../distribution/service.ts'
import { type Call, readForm } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'
import type { Token, TokenScope } from '../types.ts'
import { type Fragment, html } from './html.ts'
import { ago, copyable, csrfField, notFound, page, redirect, type View } from './layout.ts'
import { beginSession, endSession, isOwnForm } from './session.ts'

/** Signs in, and goes where somebody came from. */
export async function loginPage({ data }: Service, view: View): Promise<Reply> {
  const { call, session } = view
  if (call.method !== 'POST') return form(ownPath(call.query.get('next')))
  const sent = await readForm(call)
  const next = ownPath(sent.get('next'))
  if (!isOwnForm(call, session, sent.get('csrf'))) return form(next, 'The form is too old: try again.', 403)
  const name = (sent.get('user') ?? '').trim()
  const who = await data.authenticator.password(name, sent.get('password') ?? '', call.client)
  if (who.kind === 'throttled') {
    const seconds = Math.ceil(who.retryAfter / 1000)
    return form(next, `Too many failed logins: try again in ${seconds} seconds.`, 429)
  }
  // A token with less than all rights must not become a session with all of them.
  if (who.kind === 'refused' || who.principal.token) return form(next, 'Incorrect username or password.', 401)
  return redirect(next, { 'set-cookie': await beginSession(data, call, who.principal.user!) })

  function form(next: string, error?: string, status = 200): Reply {
    return page(view, {
      title: 'Sign in',
      status,
      body: html`<form class="card narrow" method="post" action="/login"><h1>Sign in</h1>${error !== undefined && html`<p class="error" role="alert">${error}</p>`}
${csrfField(session)}<input type="hidden" name="next" value="${next}">
<label>Username<input name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button class="main">Sign in</button></form>`,
    })
  }
}

export async function logout({ data }: Service, view: View): Promise<Reply> {
  const { call, session } = view
  const sent = await readForm(call)
  if (!isOwnForm(call, session, sent.get('csrf'))) return notFound(view)
  return redirect('/', { 'set-cookie': await endSession(data, call, session) })
}

/** A user's password and access tokens. */
export async function accountPage(service: Service, view: View): Promise<Reply> {
  const { call, session } = view
  const { user } = session.principal
  if (user === undefined) return redirect('/login?next=/account')
  if (call.method !== 'POST') return await show()
  const sent = await readForm(call)
  if (!isOwnForm(call, session, sent.get('csrf'))) return notFound(view)
  try {
    const notice = await act(service, call, { user, sent })
    if (typeof notice === 'object' && 'status' in notice) return notice
    return await show({ notice })
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
    return await show({ error: error.message })
  }

  async function show(said: { readonly notice?: Fragment; readonly error?: string } = {}): Promise<Reply> {
    const tokens = (await service.data.accounts.tokens(user)).filter(({ kind }) => kind !== 'session')
    return page(view, {
      title: 'Account',
      status: said.error === undefined ? 200 : 400,
      body: html`<h1>${user}</h1>
${said.error !== undefined && html`<p class="error" role="alert">${said.error}</p>`}${said.notice !== undefined && html`<div class="notice" role="status">${said.notice}</div>`}
<section class="card"><h2>Access tokens</h2><p class="soft">Used in the place of the password, by programs for example. Logins are what <code>docker login</code> keeps.</p>
${tokens.length > 0 && html`<div class="scroll"><table><thead><tr><th>Name</th><th>Allows</th><th class="wide">Used</th><th class="wide">Ends</th><th></th></tr></thead><tbody>${tokens.map((token) => tokenRow(view, token))}</tbody></table></div>`}
</section>
<div class="cols"><form class="card" method="post"><h2>New access token</h2>${csrfField(session)}
<label>Name<input name="name" required maxlength="100" placeholder="ci"></label>
<label>Allows<select name="scope"><option value="read">read: pull</option><option value="write">write: pull and push</option><option value="delete">delete: pull, push and delete</option></select></label>
<label>Only for repositories (all if empty)<input name="repositories" maxlength="1000" placeholder="${user}/*" autocapitalize="none" spellcheck="false"></label>
<label>Ends after<select name="days"><option value="30">30 days</option><option value="90" selected>90 days</option><option value="365">a year</option><option value="">never</option></select></label>
<button class="main" name="do" value="create">Create</button></form>
<form class="card" method="post"><h2>Password</h2>${csrfField(session)}
<label>Old password<input name="old" type="password" autocomplete="current-password" required></label>
<label>New password, of 8 characters or more<input name="new" type="password" autocomplete="new-password" minlength="8" required></label>
<button class="main" name="do" value="password">Change</button><p class="soft">Ends all logins.</p></form></div>`,
    })
  }
}

interface Sent {
  readonly user: string
  readonly sent: URLSearchParams
}

/** Does what a form of the page asks for. Returns what to say then, or where to go. */
async function act({ data }: Service, call: Call, { user, sent }: Sent): Promise<Fragment | Reply> {
  const text = (name: string) => (sent.get(name) ?? '').trim()
  const wish = text('do')
  if (wish === 'remove') {
    await data.accounts.removeToken(text('id'), user)
    return 'It has ended.'
  }
  if (wish === 'password') {
    const who = await data.authenticator.password(user, sent.get('old') ?? '', call.client)
    if (who.kind !== 'accepted' || who.principal.token)
      throw new StrakeError('denied', 'The old password is not right.')
    await data.accounts.setPassword(user, await hashPassword(sent.get('new') ?? ''))
    return redirect('/account', { 'set-cookie': await beginSession(data, call, user) })
  }
  const scope = text('scope')
  if (wish !== 'create' || !/^(read|write|delete)$/.test(scope))
    throw new StrakeError('invalid', 'This form is not known.')
  const days = Number(text('days'))
  const repositories = text('repositories')
    .split(/[\s,]+/)
    .filter((pattern) => pattern !== '')
  const secret = newSecret('access')
  const now = Date.now()
  await data.accounts.addToken({
    id: newId(),
    hash: hashSecret(secret),
    user,
    kind: 'access',
    name: text('name').slice(0, 100) || 'token',
    scope: scope as TokenScope,
    repositories: repositories.length > 0 ? repositories.slice(0, 50) : undefined,
    parent: undefined,
    createdAt: now,
    usedAt: undefined,
    expiresAt: days > 0 && days <= 3650 ? now + days * 86_400_000 : undefined,
  })
  return html`The new token. It is not shown again:${copyable(secret)}`
}

function tokenRow({ session }: View, { id, name, kind, scope, repositories, usedAt, expiresAt }: Token): Fragment {
  return html`<tr><td>${name} ${kind === 'login' && html`<span class="badge">login</span>`}</td><td>${scope}${repositories && html` <span class="soft">${repositories.join(', ')}</span>`}</td><td class="wide">${
    usedAt === undefined ? 'never' : ago(usedAt)
  }</td><td class="wide">${expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString().slice(0, 10)}</td><td class="num"><form method="post">${csrfField(session)}<input type="hidden" name="id" value="${id}"><button class="danger" name="do" value="remove" aria-label="End ${name}">End</button></form></td></tr>`
}

/** A path of this hub, whatever was sent: a browser takes `//host` and `/\host` for other hosts. */
function ownPath(text: string | null): string {
  return text !== null && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) ? text : '/'
}
