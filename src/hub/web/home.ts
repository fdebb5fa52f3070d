import type { Service } from '../distribution/service.ts'
import type { Reply } from '../http/reply.ts'
import type { ListedRepository } from '../metadata/repositories.ts'
import { type Fragment, html } from './html.ts'
import { ago, copyable, hostOf, notFound, page, type View } from './layout.ts'

const pageSize = 25

/** What is there, or what the search finds. */
export async function home({ data }: Service, view: View): Promise<Reply> {
  const { query } = view.call
  const text = (query.get('q') ?? '').trim().slice(0, 200)
  const found = await data.repositories.list({
    viewer: view.session.principal,
    text,
    after: query.get('after') ?? undefined,
    limit: pageSize + 1,
  })
  const heading = text === '' ? html`<h1>Repositories</h1>` : html`<h1>Results for “${text}”</h1>`
  if (found.length === 0) {
    return page(view, { title: text, search: text, body: html`${heading}${text === '' ? start(view) : nothing()}` })
  }
  return page(view, {
    title: text,
    search: text,
    body: html`${heading}${repositoryList(found)}${next(found, { q: text })}`,
  })
}

/** What somebody shares: a user's or an organisation's repositories. */
export async function namespacePage({ data }: Service, view: View, name: string): Promise<Reply> {
  const namespace = await data.accounts.namespace(name)
  if (!namespace) return notFound(view)
  const viewer = view.session.principal
  const after = view.call.query.get('after') ?? undefined
  const found = await data.repositories.list({ viewer, namespace: name, after, limit: pageSize + 1 })
  const members = namespace.kind === 'organisation' ? await data.accounts.members(name) : []
  const inside = viewer.admin || viewer.user === name || members.some(({ user }) => user === viewer.user)
  // Whether a name without anything to see is an account is nobody else's business.
  if (found.length === 0 && !inside) return notFound(view)
  const { quota } = namespace
  const usage = inside ? await data.contents.usage(name) : 0
  return page(view, {
    title: name,
    body: html`<div class="head"><h1>${name} ${namespace.kind !== 'user' && html`<span class="badge">${namespace.kind}</span>`}</h1>${
      inside && html`<span class="soft">${size(usage)}${quota !== undefined && ` of ${size(quota)}`} used</span>`
    }</div>
${found.length > 0 ? repositoryList(found) : start(view)}${next(found, {})}
${
  inside &&
  members.length > 0 &&
  html`<section class="card"><h2>Members</h2><dl>${members.map(({ user, role }) => html`<dt><a href="/u/${user}">${user}</a></dt><dd>${role}</dd>`)}</dl></section>`
}`,
  })
}

function repositoryList(found: readonly ListedRepository[]): Fragment {
  return html`<ul class="card list repos">${found
    .slice(0, pageSize)
    .map(
      ({ name, visibility, description, tags, pulls, pushedAt }) =>
        html`<li><a href="/r/${name}"><strong>${name}</strong> ${
          visibility === 'private' && html`<span class="badge private">private</span>`
        }${description !== '' && html`<p>${description}</p>`}<span class="facts"><span>${count(tags, 'tag')}</span><span>${count(pulls, 'pull')}</span>${
          pushedAt !== undefined && html`<span>pushed ${ago(pushedAt)}</span>`
        }</span></a></li>`,
    )}</ul>`
}

function next(found: readonly ListedRepository[], query: Readonly<Record<string, string>>): Fragment {
  const last = found[pageSize - 1]
  if (found.length <= pageSize || !last) return undefined
  return html`<p class="more"><a class="button" href="?${new URLSearchParams({ ...query, after: last.name }).toString()}">More</a></p>`
}

function start({ call, session }: View): Fragment {
  const { user } = session.principal
  const image = `${hostOf(call)}/${user ?? 'NAME'}/app`
  return html`<div class="card empty"><h2>Nothing to see yet</h2><p class="soft">${
    user === undefined ? 'What is public shows here. ' : ''
  }Push an image:</p>${copyable(`docker login ${hostOf(call)}`)}${copyable(`docker tag app ${image}`)}${copyable(`docker push ${image}`)}</div>`
}

function nothing(): Fragment {
  return html`<div class="card empty"><p>No repository has this in its name or description.</p></div>`
}

export function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${Number(value.toPrecision(3))} ${units[unit]}`
}
