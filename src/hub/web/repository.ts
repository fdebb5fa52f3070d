import { isDigest, isTag } from '../../oci/mod.ts'
import { rights } from '../access/rights.ts'
import type { Service } from '../distribution/service.ts'
import { readForm } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'
import { namespaceOf } from '../names.ts'
import type { Repository, Tag } from '../types.ts'
import { count, size } from './home.ts'
import { type Fragment, html } from './html.ts'
import { details, type ImageDetails, type IndexDetails } from './images.ts'
import { ago, copyable, csrfField, hostOf, notFound, page, redirect, type View } from './layout.ts'
import { markdown } from './markdown.ts'
import { isOwnForm } from './session.ts'

const tagsShown = 30

/** The pages below `/r/`: a repository, or one image of it (`NAME:TAG`, `NAME@DIGEST`). */
export async function repositoryPages(service: Service, view: View, path: string): Promise<Reply> {
  const [, name = '', tag, digest] = /^([^:@]+)(?::([^@/:]+)|@([^/@]+))?$/.exec(path) ?? []
  const repository = await service.data.repositories.find(name)
  const may = repository && (await rights(service.data, view.session.principal, name))
  if (!repository || !may?.has('pull')) return notFound(view)
  const reference = tag ?? digest
  if (reference === undefined) return await repositoryPage(service, view, { repository, manage: may.has('manage') })
  if (tag === undefined ? !isDigest(digest) : !isTag(tag)) return notFound(view)
  const found = await details(service.data, repository, reference)
  if (!found) return notFound(view)
  return found.kind === 'image'
    ? imagePage(view, repository, { reference, found })
    : indexPage(view, repository, { reference, found })
}

async function repositoryPage(
  { data }: Service,
  view: View,
  { repository, manage }: { readonly repository: Repository; readonly manage: boolean },
): Promise<Reply> {
  const { name, description, readme, immutable, visibility, pulls } = repository
  const after = view.call.query.get('after') ?? undefined
  const tags = await data.contents.tags(repository, { after, limit: tagsShown + 1 })
  const rows: Fragment[] = []
  for (const tag of tags.slice(0, tagsShown)) rows.push(await tagRow(data, repository, tag))
  const image = `${hostOf(view.call)}/${name}`
  const best = tags.find((tag) => tag.name === 'latest') ?? tags[0]
  const pull = best === undefined || best.name === 'latest' ? image : `${image}:${best.name}`
  const last = tags[tagsShown - 1]
  return page(view, {
    title: name,
    body: html`<div class="head">${title(name)}${manage && html`<a class="button" href="/edit/${name}">Edit</a>`}</div>
<p class="lead">${description}</p>
<div class="cols"><div>
<section class="card tags" aria-labelledby="tags"><h2 id="tags">Tags</h2>${
      rows.length === 0
        ? html`<p class="soft">None${after !== undefined && ' after this'}.</p>`
        : html`<div class="scroll"><table><thead><tr><th>Tag</th><th class="wide">Platforms</th><th class="num">Size</th><th class="num">Pushed</th></tr></thead><tbody>${rows}</tbody></table></div>`
    }</section>${
      tags.length > tagsShown &&
      last &&
      html`<p class="more"><a class="button" href="?after=${encodeURIComponent(last.name)}">More tags</a></p>`
    }
${readme !== '' && html`<section class="card readme" aria-label="README">${markdown(readme)}</section>`}
${readme === '' && manage && html`<section class="card empty"><p class="soft">No README yet. <a href="/edit/${name}">Say what this is for.</a></p></section>`}
</div><aside>
<section class="card"><h2>Pull</h2>${copyable(`docker pull ${pull}`)}${copyable(`strake pull ${pull}`)}<p class="soft">In a Dockerfile:</p>${copyable(`FROM ${pull}`)}</section>
<section class="card"><h2>About</h2><dl><dt>Visibility</dt><dd>${visibilityBadge(visibility)}</dd>${
      immutable && html`<dt>Tags</dt><dd><span class="badge held">immutable</span></dd>`
    }<dt>Pulls</dt><dd>${pulls.toLocaleString('en')}</dd><dt>Since</dt><dd>${ago(repository.createdAt)}</dd></dl></section>
</aside></div>`,
  })
}

async function tagRow(
  data: Service['data'],
  repository: Repository,
  { name, digest, pushedAt }: Tag,
): Promise<Fragment> {
  const found = await details(data, repository, digest)
  const platforms =
    found?.kind === 'index' ? found.manifests.flatMap(({ platform }) => platform ?? []) : [found?.platform]
  return html`<tr><td><a href="/r/${repository.name}:${name}"><strong>${name}</strong></a></td><td class="wide">${platforms
    .slice(0, 4)
    .filter((platform) => platform !== undefined)
    .join(', ')}${platforms.length > 4 && ` and ${platforms.length - 4} more`}</td><td class="num">${
    found?.kind === 'image' ? size(found.size) : 'index'
  }</td><td class="num">${ago(pushedAt)}</td></tr>`
}

interface Shown<T> {
  /** As the path names it. */
  readonly reference: string
  readonly found: T
}

function imagePage(view: View, { name }: Repository, { reference, found }: Shown<ImageDetails>): Reply {
  const { steps, settings, labels, digest, platform, created } = found
  const full = fullName(name, reference)
  const largest = Math.max(1, ...steps.map(({ layer }) => layer?.size ?? 0))
  const at = created === undefined ? Number.NaN : Date.parse(created)
  const layers = steps.filter(({ layer }) => layer).length
  return page(view, {
    title: full,
    body: html`${title(name, reference)}<p class="lead">${[platform, size(found.size), count(layers, 'layer')].filter((text) => text !== undefined).join(' · ')}</p>
<div class="cols"><div>
<section class="card"><h2>Layers</h2><ol class="layers">${steps.map(({ instruction, layer }) => stepRow(instruction, layer, largest))}</ol></section>
${labels.length > 0 && html`<section class="card"><h2>Labels</h2><dl>${labels.map(([key, value]) => html`<dt class="mono">${key}</dt><dd>${value}</dd>`)}</dl></section>`}
</div><aside>
${pullCard(view, name, { reference, digest })}
<section class="card"><h2>Image</h2><dl>${Number.isFinite(at) && at > 0 && html`<dt>Created</dt><dd>${ago(at)}</dd>`}${
      found.artifactType !== undefined && html`<dt>Artifact</dt><dd>${found.artifactType}</dd>`
    }${settings.map(([key, value]) => html`<dt>${key}</dt><dd class="mono">${value.split('\n').map((line) => html`<div>${line}</div>`)}</dd>`)}</dl></section>
</aside></div>`,
  })
}

function stepRow(
  instruction: string,
  layer: { readonly size: number; readonly digest: string } | undefined,
  largest: number,
): Fragment {
  const [word = '', ...rest] = instruction.split(/(?<=^[A-Z]+)\s/)
  const what = /^[A-Z]+$/.test(word) ? html`<b>${word}</b> ${rest.join(' ')}` : instruction || 'A layer'
  return html`<li><code class="what">${what}</code>${
    layer
      ? html`<span class="num">${size(layer.size)}</span><progress class="bar" max="${largest}" value="${layer.size}" aria-hidden="true"></progress><span class="digest mono">${layer.digest}</span>`
      : html`<span class="num none" aria-label="no layer">–</span>`
  }</li>`
}

function indexPage(view: View, { name }: Repository, { reference, found }: Shown<IndexDetails>): Reply {
  const full = fullName(name, reference)
  return page(view, {
    title: full,
    body: html`${title(name, reference)}<p class="lead">An image for several platforms</p>
<div class="cols"><section class="card tags"><h2>Platforms</h2><div class="scroll"><table><thead><tr><th>Platform</th><th>Digest</th></tr></thead><tbody>${found.manifests.map(
      ({ descriptor, platform }) =>
        html`<tr><td><a href="/r/${name}@${descriptor.digest}"><strong>${platform ?? descriptor.annotations?.['vnd.docker.reference.type'] ?? 'other'}</strong></a></td><td><code>${descriptor.digest.slice(0, 19)}…</code></td></tr>`,
    )}</tbody></table></div></section><aside>${pullCard(view, name, { reference, digest: found.digest })}</aside></div>`,
  })
}

function pullCard(
  { call }: View,
  name: string,
  { reference, digest }: { readonly reference: string; readonly digest: string },
): Fragment {
  const image = `${hostOf(call)}/${name}`
  const full = fullName(image, reference)
  return html`<section class="card"><h2>Pull</h2>${copyable(`docker pull ${full}`)}${copyable(`strake pull ${full}`)}<p class="soft">Exactly these bytes:</p>${copyable(`${image}@${digest}`)}</section>`
}

function fullName(name: string, reference: string): string {
  return reference.includes(':') ? `${name}@${reference}` : `${name}:${reference}`
}

function title(name: string, reference?: string): Fragment {
  const namespace = namespaceOf(name)
  const rest = name.slice(namespace.length + 1)
  const own = html`<a class="ns" href="/u/${namespace}">${namespace}</a><span class="ns">/</span>`
  if (reference === undefined) return html`<h1>${own}${rest}</h1>`
  const shown = reference.includes(':') ? `@${reference.slice(0, 19)}…` : `:${reference}`
  return html`<h1>${own}<a href="/r/${name}">${rest}</a><span class="ns">${shown}</span></h1>`
}

function visibilityBadge(visibility: string): Fragment {
  return html`<span class="badge ${visibility === 'private' && 'private'}">${visibility}</span>`
}

/** The form for the description, the README and who may see it. */
export async function editPage({ data }: Service, view: View, name: string): Promise<Reply> {
  const { call, session } = view
  const repository = await data.repositories.find(name)
  if (!repository || !(await rights(data, session.principal, name)).has('manage')) return notFound(view)
  if (call.method === 'POST') {
    const form = await readForm(call, 512 * 1024)
    if (!isOwnForm(call, session, form.get('csrf'))) return notFound(view)
    await data.repositories.set(name, {
      description: (form.get('description') ?? '').replace(/\s+/g, ' ').trim().slice(0, 200),
      readme: (form.get('readme') ?? '').slice(0, 64 * 1024),
      visibility: form.has('private') ? 'private' : 'public',
      immutable: form.has('immutable'),
    })
    return redirect(`/r/${name}`)
  }
  return page(view, {
    title: `Edit ${name}`,
    body: html`${title(name)}<form class="card" method="post">${csrfField(session)}
<label>Description<input name="description" maxlength="200" value="${repository.description}"></label>
<label>README, in Markdown<textarea name="readme" maxlength="65536">
${repository.readme}</textarea></label>
<label class="line"><input type="checkbox" name="private" ${repository.visibility === 'private' && html`checked`}> Private: only ${namespaceOf(name)} and its members may see it</label>
<label class="line"><input type="checkbox" name="immutable" ${repository.immutable && html`checked`}> Immutable tags: neither moved nor deleted once they are there</label>
<button class="main">Save</button> <a class="button" href="/r/${name}">Cancel</a></form>`,
  })
}
