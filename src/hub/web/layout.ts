import type { Call } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'
import { type Fragment, html } from './html.ts'
import type { Session } from './session.ts'

/** All that a page is made from. */
export interface View {
  readonly call: Call
  readonly session: Session
}

export interface Page {
  readonly title: string
  readonly body: Fragment
  readonly status?: number
  /** What stands in the search box. */
  readonly search?: string
}

/** Nothing runs, loads or frames here but what the hub itself serves. */
const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function page({ call, session }: View, { title, body, status = 200, search = '' }: Page): Reply {
  const { user } = session.principal
  const next = call.path === '/login' ? '/' : call.path
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? 'Hub' : `${title} · Hub`}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/hub.css">
<script src="/assets/hub.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="top"><div>
<a class="brand" href="/"><svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="3.2" stroke-linecap="round" aria-hidden="true"><path d="M3 8c8 4.5 18 4.5 26 0"/><path d="M5 15.5c7 4 15 4 22 0"/><path d="M8.5 23c4.5 3 10.5 3 15 0"/></svg>Hub</a>
<form class="search" action="/" role="search"><input type="search" name="q" value="${search}" placeholder="Search repositories" aria-label="Search repositories" maxlength="200"></form>
<nav aria-label="Account">${
    user === undefined
      ? html`<a href="/login?next=${encodeURIComponent(next)}">Sign in</a>`
      : html`<a href="/u/${user}">${user}</a><a href="/account">Account</a><form method="post" action="/logout">${csrfField(session)}<button class="plain">Sign out</button></form>`
  }</nav>
</div></header>
<main id="content">
${body}
</main>
<footer>Served by Strake. <a href="/healthz">Health</a></footer>
</body>
</html>
`.text
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    },
    body: text,
  }
}

export function csrfField({ csrf }: Session): Fragment {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}

/** A command to be copied. */
export function copyable(text: string): Fragment {
  return html`<div class="copy"><code>${text}</code><button type="button" aria-label="Copy ${text}">Copy</button></div>`
}

export function notFound(view: View): Reply {
  return page(view, {
    status: 404,
    title: 'Not found',
    body: html`<div class="card empty"><h1>Nothing here</h1><p class="soft">The page does not exist, or you may not see it.</p>${
      view.session.principal.user === undefined &&
      html`<p><a href="/login?next=${encodeURIComponent(view.call.path)}">Sign in</a> to see what is private.</p>`
    }</div>`,
  })
}

/** Goes to another page of this hub. */
export function redirect(to: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 303, headers: { location: to, 'content-length': 0, ...headers } }
}

/** The host as commands name it. */
export function hostOf({ origin }: Call): string {
  return origin.replace(/^https?:\/\//, '')
}

/** A moment, as long ago; the exact time shows when it is pointed at. */
export function ago(milliseconds: number, now = Date.now()): Fragment {
  const exact = new Date(milliseconds).toISOString()
  return html`<time datetime="${exact}" title="${exact}">${words(Math.max(0, now - milliseconds))}</time>`
}

function words(milliseconds: number): string {
  const units = [
    [31_536_000_000, 'year'],
    [2_592_000_000, 'month'],
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ] as const
  for (const [length, unit] of units) {
    const count = Math.floor(milliseconds / length)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}
