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
  if (found.kind === 'image') return imagePage(view, repository, { reference, found })
  // What is for one platform is an image to people, whatever else the builder says of it.
  const [only, ...others] = found.images
  const image = only && others.length === 0 ? await details(service.data, repository, only.digest) : undefined
  if (image?.kind !== 'image') return indexPage(view, repository, { reference, found })
  return imagePage(view, repository, { reference, found: image, index: found })
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
<div class="cols repo"><div>
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
<section class="card about"><h2>About</h2><dl><dt>Visibility</dt><dd>${visibilityBadge(visibility)}</dd>${
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
  const images = found?.kind === 'index' ? found.images : found ? [found] : []
  const platforms = [...new Set(images.flatMap(({ platform }) => platform ?? []))]
  return html`<tr><td><a href="/r/${repository.name}:${name}"><strong>${name}</strong></a></td><td class="wide">${platforms
    .slice(0, 4)
    .join(', ')}${platforms.length > 4 && ` and ${platforms.length - 4} more`}</td><td class="num">${sizes(
    images.flatMap(({ size }) => size ?? []),
  )}</td><td class="num">${ago(pushedAt)}</td></tr>`
}

/** Of one image, or from the smallest to the largest. */
function sizes(all: readonly number[]): string {
  if (all.length === 0) return ''
  const [least, most] = [size(Math.min(...all)), size(Math.max(...all))]
  return least === most ? most : `${least} – ${most}`
}

interface Shown<T> {
  /** As the path names it. */
  readonly reference: string
  readonly found: T
  /** The index that has it, where it is the only image there. */
  readonly index?: IndexDetails
}

function imagePage(view: View, { name }: Repository, { reference, found, index }: Shown<ImageDetails>): Reply {
  const { steps, settings, labels, digest, platform, created } = found
  const full = fullName(name, reference)
  const largest = Math.max(1, ...steps.map(({ layer }) => layer?.size ?? 0))
  const at = created === undefined ? Number.NaN : Date.parse(created)
  const layers = steps.filter(({ layer }) => layer).length
  const facts = [
    ...(Number.isFinite(at) && at > 0 ? [html`<dt>Created</dt><dd>${ago(at)}</dd>`] : []),
    ...(found.artifactType === undefined ? [] : [html`<dt>Type</dt><dd>${found.artifactType}</dd>`]),
    ...settings.map(
      ([key, value]) =>
        html`<dt>${key}</dt><dd class="mono">${value.split('\n').map((line) => html`<div>${line}</div>`)}</dd>`,
    ),
  ]
  return page(view, {
    title: full,
    body: html`${title(name, reference)}<p class="lead">${[platform, size(found.size), count(layers, found.artifact ? 'file' : 'layer')].filter((text) => text !== undefined).join(' · ')}</p>
<div class="cols"><div>
<section class="card"><h2>${found.artifact ? 'Files' : 'Layers'}</h2><ol class="layers">${steps.map(({ instruction, layer }) => stepRow(instruction, layer, largest))}</ol></section>
${labels.length > 0 && html`<section class="card"><h2>Labels</h2><dl>${labels.map(([key, value]) => html`<dt class="mono">${key}</dt><dd>${value}</dd>`)}</dl></section>`}
</div><aside>
${pullCard(view, name, { reference, digest: index?.digest ?? digest, artifact: found.artifact })}
${facts.length > 0 && html`<section class="card"><h2>${found.artifact ? 'Artifact' : 'Image'}</h2><dl>${facts}</dl></section>`}
${attestationCard(name, index?.attestations ?? [])}</aside></div>`,
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
  const { images, attestations, digest } = found
  const rows = images.map(
    (image) =>
      html`<tr><td><a href="/r/${name}@${image.digest}"><strong>${image.platform ?? 'any platform'}</strong></a></td><td class="wide"><code>${image.digest.slice(0, 19)}…</code></td><td class="num">${image.size === undefined ? '' : size(image.size)}</td></tr>`,
  )
  return page(view, {
    title: fullName(name, reference),
    body: html`${title(name, reference)}<p class="lead">${images.length === 0 ? 'An index without images' : `An image for ${count(images.length, 'platform')}; who pulls it gets the one that fits`}</p>
<div class="cols"><section class="card tags"><h2>Platforms</h2><div class="scroll"><table><thead><tr><th>Platform</th><th class="wide">Digest</th><th class="num">Size</th></tr></thead><tbody>${rows}</tbody></table></div></section><aside>${pullCard(view, name, { reference, digest })}${attestationCard(name, attestations)}</aside></div>`,
  })
}

function attestationCard(name: string, attestations: IndexDetails['attestations']): Fragment {
  if (attestations.length === 0) return undefined
  return html`<section class="card"><h2>Attestations</h2><p class="soft">What the builder says of it: how it was made, or what is in it.</p><ul class="list">${attestations.map(
    ({ digest, platform }) =>
      html`<li><a href="/r/${name}@${digest}">${platform === undefined ? 'Attestation' : `Of ${platform}`}</a> <code>${digest.slice(7, 19)}</code></li>`,
  )}</ul></section>`
}

interface Pulled {
  readonly reference: string
  readonly digest: string
  /** Images are pulled; what else there is has programs of its own. */
  readonly artifact?: boolean
}

function pullCard({ call }: View, name: string, { reference, digest, artifact = false }: Pulled): Fragment {
  const image = `${hostOf(call)}/${name}`
  const full = fullName(image, reference)
  const exact = `${image}@${digest}`
  if (artifact) return html`<section class="card"><h2>Name</h2>${copyable(exact)}</section>`
  return html`<section class="card"><h2>Pull</h2>${copyable(`docker pull ${full}`)}${copyable(`strake pull ${full}`)}<p class="soft">Exactly these bytes:</p>${copyable(exact)}</section>`
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
  const namespace = namespaceOf(name)
  const alone = (await data.accounts.namespace(namespace))?.kind === 'user'
  return page(view, {
    title: `Edit ${name}`,
    body: html`${title(name)}<form class="card" method="post">${csrfField(session)}
<label>Description<input name="description" maxlength="200" value="${repository.description}"></label>
<label>README, in Markdown<textarea name="readme" maxlength="65536">
${repository.readme}</textarea></label>
<label class="line"><input type="checkbox" name="private" ${repository.visibility === 'private' && html`checked`}> Private: only ${alone ? namespace : `members of ${namespace}`} may see it</label>
<label class="line"><input type="checkbox" name="immutable" ${repository.immutable && html`checked`}> Immutable tags: neither moved nor deleted once they are there</label>
<button class="main">Save</button> <a class="button" href="/r/${name}">Cancel</a></form>`,
  })
}
