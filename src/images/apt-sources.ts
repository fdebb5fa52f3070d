import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StrakeError } from '../lib/mod.ts'

/** Where apt finds packages: one entry of sources.list(5). */
export interface AptSource {
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** The path of a keyring, or a key itself in its lines. */
  readonly signedBy?: string
  readonly trusted?: boolean
  /** False where an index may be older than it says: a frozen copy of an archive. */
  readonly checkValidUntil?: boolean
}

/** Reads a file of the one-line style. Entries that are not of binary packages are left out. */
export function parseOneLine(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s*)?(?<uri>\S+)\s+(?<suite>\S+)(?<components>[^#]*)/.exec(line)
    if (!match) continue
    const { options = '', uri, suite, components } = match.groups as Record<string, string>
    const fields = new Map(options.split(/\s+/).map((option) => option.split('=', 2) as [string, string]))
    sources.push(source(fields, [uri!], [suite!], words(components)))
  }
  return sources
}

/** Reads a file of the deb822 style. Entries that are not of binary packages or not enabled are left out. */
export function parseDeb822(text: string): AptSource[] {
  const sources: AptSource[] = []
  const clean = text.replaceAll(/^#.*(?:\n|$)/gm, '')
  for (const paragraph of clean.split(/\n(?:[ \t]*\n)+/)) {
    const fields = new Map<string, string>()
    for (const [, name, value] of paragraph.matchAll(/^([A-Za-z][\w-]*):[ \t]*((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(name!.toLowerCase(), value!)
    }
    const isOn = !/^(?:no|false|without|off|disable|0)$/i.test(fields.get('enabled')?.trim() ?? '')
    if (!isOn || !words(fields.get('types')).includes('deb')) continue
    sources.push(
      source(fields, words(fields.get('uris')), words(fields.get('suites')), words(fields.get('components'))),
    )
  }
  return sources
}

function source(
  fields: ReadonlyMap<string, string>,
  uris: readonly string[],
  suites: readonly string[],
  components: readonly string[],
): AptSource {
  const signedBy = fields.get('signed-by')
  return {
    uris,
    suites,
    components,
    ...(signedBy && { signedBy: signedBy.includes('\n') ? signedBy : signedBy.trim() }),
    ...(/^\s*yes\s*$/i.test(fields.get('trusted') ?? '') && { trusted: true }),
    ...(/^\s*(?:no|false|0)\s*$/i.test(fields.get('check-valid-until') ?? '') && { checkValidUntil: false }),
  }
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** The entry without the passwords in its addresses: they are this machine's, not an image's. */
export function withoutPasswords(source: AptSource): AptSource {
  return { ...source, uris: source.uris.map((uri) => uri.replace(/^([\w+]+:\/\/)[^/@]*@/, '$1')) }
}

/** The text of a file `*.sources`. */
export function deb822(sources: readonly AptSource[]): string {
  return sources
    .map(({ uris, suites, components, signedBy, trusted, checkValidUntil }) => {
      const lines = ['Types: deb', `URIs: ${uris.join(' ')}`, `Suites: ${suites.join(' ')}`]
      if (components.length > 0) lines.push(`Components: ${components.join(' ')}`)
      if (signedBy) lines.push(`Signed-By: ${signedBy}`)
      if (trusted) lines.push('Trusted: yes')
      if (checkValidUntil === false) lines.push('Check-Valid-Until: no')
      return `${lines.join('\n')}\n`
    })
    .join('\n')
}

/** The entries of this machine, from below `etc`. */
export function hostSources(etc = '/etc/apt'): AptSource[] {
  const sources: AptSource[] = []
  const list = join(etc, 'sources.list')
  if (existsSync(list)) sources.push(...parseOneLine(readFileSync(list, 'utf8')))
  for (const path of globSync(join(etc, 'sources.list.d/*')).sort()) {
    if (path.endsWith('.list')) sources.push(...parseOneLine(readFileSync(path, 'utf8')))
    if (path.endsWith('.sources')) sources.push(...parseDeb822(readFileSync(path, 'utf8')))
  }
  return sources
}

interface Distribution {
  readonly components: readonly string[]
  /** Numbers that people use for suites. */
  readonly versions: Readonly<Record<string, string>>
}

/** What the official images have. */
const distributions: Readonly<Record<string, Distribution>> = {
  debian: {
    components: ['main'],
    versions: { '11': 'bullseye', '12': 'bookworm', '13': 'trixie', latest: 'stable' },
  },
  ubuntu: {
    components: ['main', 'universe', 'restricted', 'multiverse'],
    versions: { '20.04': 'focal', '22.04': 'jammy', '24.04': 'noble', '26.04': 'resolute', latest: 'noble' },
  },
}

/** `bookworm` for `12`. Throws `invalid` for a distribution that is not known, and for what cannot be a suite. */
export function suiteOf(distribution: string, version: string): string {
  const known = distributions[distribution]
  if (!known) {
    throw new StrakeError('invalid', `unknown distribution ${JSON.stringify(distribution)}`, {
      hint: `Known are busybox, ${Object.keys(distributions).join(' and ')}, as in: strake bootstrap debian:bookworm`,
    })
  }
  const suite = known.versions[version] ?? version
  if (!/^[a-z][a-z-]*$/.test(suite)) {
    const example = `${distribution}:${Object.values(known.versions)[1]}`
    throw new StrakeError('invalid', `unknown suite ${JSON.stringify(version)} of ${distribution}`, {
      hint: `Write its name, as in: strake bootstrap ${example}`,
    })
  }
  return suite
}

/**
 * The archives that a suite is made of.
 *
 * @param mirror an address, or lines of sources.list; without it, those of this machine's own entries that serve the
 *   distribution
 * @throws `unavailable` where this machine has none
 */
export function sourcesFor(
  distribution: string,
  suite: string,
  { mirror, host }: { readonly mirror?: string | undefined; readonly host: readonly AptSource[] },
): AptSource[] {
  const { components } = distributions[distribution]!
  const keyring = `/usr/share/keyrings/${distribution}-archive-keyring.gpg`
  const signed = (s: AptSource): AptSource => (s.trusted ? s : { signedBy: keyring, ...s })
  if (mirror !== undefined) return fromMirror(mirror, suite, components).map(signed)
  const own = host.filter((s) => serves(s, distribution))
  const isPart = (name: string) => name === suite || name === `${suite}-updates` || name === `${suite}-security`
  const exact = own
    .map((s) => ({ ...s, suites: s.suites.filter(isPart), components }))
    .filter((s) => s.suites.length > 0)
  if (exact.some((s) => s.suites.includes(suite))) return exact.map(signed)
  const isSecurity = (s: AptSource) => s.suites.every((name) => /-security$|\/updates$/.test(name))
  const main = own.find((s) => !isSecurity(s))
  if (!main) {
    throw new StrakeError('unavailable', `this machine's apt sources name no archive of ${distribution}`, {
      hint: `Name one: strake bootstrap ${distribution}:${suite} --mirror http://HOST/${distribution}`,
    })
  }
  const fixes = own.find(isSecurity) ?? { uris: main.uris }
  const rolling = ['sid', 'unstable', 'experimental'].includes(suite)
  const sources = [{ ...main, suites: rolling ? [suite] : [suite, `${suite}-updates`], components }]
  if (!rolling) sources.push({ ...fixes, suites: [`${suite}-security`], components })
  return sources.map(signed)
}

function fromMirror(mirror: string, suite: string, components: readonly string[]): AptSource[] {
  if (/^\s*deb\s/.test(mirror)) {
    const sources = parseOneLine(mirror)
    if (sources.length > 0) return sources
  } else if (/^[a-z][a-z+]*:\/\/?[^\s]+$/.test(mirror)) {
    return [{ uris: [mirror], suites: [suite], components }]
  }
  throw new StrakeError('invalid', `invalid mirror ${JSON.stringify(mirror)}`, {
    hint: 'Give an address like http://HOST/debian, or a line of sources.list: "deb [OPTIONS] URI SUITE COMPONENT…"',
  })
}

/** Whether an entry of this machine is of the distribution itself, and not of somebody's packages for it. */
function serves(entry: AptSource, distribution: string): boolean {
  const name = new RegExp(`^${distribution}(?:-security|-ports)?$`)
  return entry.uris.some((uri) =>
    uri
      .replace(/\/+$/, '')
      .split('/')
      .some((part) => name.test(part)),
  )
}
