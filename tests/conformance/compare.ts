import type { History } from '../../src/oci/mod.ts'
import { readArchive, sha256 } from '../support/archive.ts'
import { busybox } from '../support/busybox.ts'
import type { Member } from '../support/tar.ts'
import { baseHistory } from './bases.ts'
import type { Outcome } from './cases.ts'

/** An image as far as two builders must agree on it: JSON that a person can read in a diff. */
export interface Picture {
  readonly author?: string
  readonly created?: string
  readonly config: object
  /** created_by, with `(empty)` in front where there is no layer; the base's entries left out. */
  readonly history: readonly string[]
  /** path → what is there, for each layer above the base. */
  readonly layers: readonly Readonly<Record<string, string>>[]
  /** The same for the files that the layers above the base leave when they are put together. */
  readonly merged: Readonly<Record<string, string>>
}

const inLine = 'dockerfile parse error on line '

/** What differs between Strake's outcome and Docker's, a line each. A refusal may be in other words (`says`), and
 * always tells the line. */
export function disagreements(strake: Outcome, docker: Outcome, says: string | undefined): string[] {
  if (!('refused' in docker)) {
    return 'refused' in strake ? [`refuses what Docker builds: ${strake.refused}`] : differences(strake, docker)
  }
  if (!('refused' in strake)) return [`builds what Docker refuses: ${docker.refused}`]
  const expected = says ?? docker.refused
  const said = expected.startsWith(inLine)
    ? strake.refused
    : strake.refused.replace(/^dockerfile parse error on line \d+: /, '')
  return said === expected ? [] : [`says: ${strake.refused}`, `expected: ${expected}`]
}

/** What differs between two pictures, a line each: where, what is there, and what was expected. */
export function differences(actual: Picture, expected: Picture): string[] {
  const [left, right] = [flatten(actual), flatten(expected)]
  return [...new Set([...right.keys(), ...left.keys()])].flatMap((key) =>
    left.get(key) === right.get(key)
      ? []
      : [`${key}: ${left.get(key) ?? '(nothing)'}, expected ${right.get(key) ?? '(nothing)'}`],
  )
}

function flatten(picture: Picture): Map<string, string> {
  return new Map([
    ['author', `${picture.author}`],
    ['created', `${picture.created}`],
    ['layers', `${picture.layers.length}`],
    ...Object.entries(picture.config).map(([key, value]) => [`config ${key}`, sortedJson(value)] as const),
    ...picture.history.map((step, index) => [`history ${index}`, step] as const),
    ...picture.layers.flatMap((layer, index) =>
      Object.entries(layer).map(([path, text]) => [`layer ${index} /${path}`, text] as const),
    ),
    ...Object.entries(picture.merged).map(([path, text]) => [`at the end: /${path}`, text] as const),
  ])
}

/** The order of keys means nothing. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
  )
}

/** Times of files made by the build itself differ from build to build; all others are older. */
const builtSince = Date.parse('2024-01-01') / 1000

/**
 * Draws the picture of the image in a docker archive, the base that it was built on (context.ts) aside. `dated`: with the
 * times of configuration and history, where they do not come from the clock.
 */
export function picture(archive: Buffer, dated = false): Picture {
  const image = readArchive(archive)
  const based = image.config.history?.[0]?.created_by === baseHistory.created_by ? 1 : 0
  const own = image.layers.slice(based)
  const history = (image.config.history ?? []).slice(based)
  const { author, created = '', config = {} } = image.config
  return {
    ...(author === undefined ? {} : { author }),
    ...(dated ? { created } : {}),
    config,
    history: history.map((step) => line(step) + (dated ? ` @${step.created}` : '')),
    layers: own.map((layer) => drawLayer(layer)),
    merged: merge(own),
  }
}

function line({ created_by = '', empty_layer, comment }: History): string {
  return `${empty_layer ? '(empty) ' : ''}${created_by}${comment === 'buildkit.dockerfile.v0' ? '' : ` [${comment}]`}`
}

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

function split(path: string): { parent: string; name: string } {
  const slash = path.lastIndexOf('/')
  return { parent: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) }
}

function drawLayer(members: readonly Member[]): Record<string, string> {
  const opaques = new Set(
    members.filter(({ path }) => split(path).name === opaque).map(({ path }) => split(path).parent),
  )
  const links = hardLinks(members)
  const drawn = members.flatMap((member): [string, string][] => {
    const { parent, name } = split(member.path)
    if (member.path === '' || name === opaque) return []
    if (name.startsWith(whiteout)) {
      return [[`${parent ? `${parent}/` : ''}${name.slice(whiteout.length)}`, 'removed']]
    }
    return [[member.path, draw(member, links) + (opaques.has(member.path) ? ' opaque' : '')]]
  })
  return sorted(drawn)
}

/** Which name of a file comes first in a tar means nothing: every name is drawn with all of them. */
function hardLinks(members: readonly Member[]): Map<string, { names: string[]; file: Member }> {
  const groups = new Map<string, { names: string[]; file: Member }>()
  const byPath = new Map(members.map((member) => [member.path, member]))
  for (const member of members) {
    if (member.kind !== 'link') continue
    const file = byPath.get(member.target)
    if (!file) throw new Error(`a hard link to something that its layer does not have: ${member.path}`)
    const group = groups.get(file.path) ?? { names: [file.path], file }
    group.names.push(member.path)
    for (const name of group.names) groups.set(name, group)
  }
  for (const { names } of groups.values()) names.sort()
  return groups
}

function draw(member: Member, links: ReturnType<typeof hardLinks>): string {
  const group = links.get(member.path)
  if (group && member.kind === 'link') return draw(group.file, links)
  const words = [member.kind, (member.mode + 0o10000).toString(8).slice(1), `${member.uid}:${member.gid}`]
  words.push(member.mtime >= builtSince ? 'now' : new Date(member.mtime * 1000).toISOString().slice(0, 19))
  if (member.kind === 'file') words.push(describe(member.content))
  if (member.kind === 'symlink') words.push(`-> ${member.target}`)
  if (member.kind === 'char' || member.kind === 'block') words.push(member.device.join(','))
  for (const [name, value] of member.xattrs) words.push(`${name}=${value.toString('hex')}`)
  if (group) words.push(`= ${group.names.join(' = ')}`)
  return words.join(' ')
}

/** A short text as it is, else size and hash; not of busybox, which is another one on another machine. */
function describe(content: Buffer): string {
  if (content.length <= 512 && /^[\t\n\x20-\x7e]*$/.test(content.toString('latin1'))) {
    return JSON.stringify(content.toString())
  }
  return content.equals(busybox) ? 'busybox' : `${content.length} ${sha256(content).slice(0, 16)}`
}

function merge(layers: readonly (readonly Member[])[]): Record<string, string> {
  const tree = new Map<string, string>()
  const drop = (path: string) => {
    for (const key of [...tree.keys()]) if (key === path || key.startsWith(`${path}/`)) tree.delete(key)
  }
  for (const layer of layers) {
    for (const { path } of layer) {
      const { parent, name } = split(path)
      if (name === opaque) for (const key of [...tree.keys()]) if (key.startsWith(`${parent}/`)) drop(key)
    }
    const drawn = drawLayer(layer)
    for (const [path, text] of Object.entries(drawn)) {
      if (!text.startsWith('dir') || !tree.get(path)?.startsWith('dir')) drop(path)
      if (text !== 'removed') tree.set(path, text.replace(/ opaque$/, ''))
    }
  }
  return sorted([...tree])
}

function sorted(entries: readonly [string, string][]): Record<string, string> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
