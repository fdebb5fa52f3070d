import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exec } from '../host/mod.ts'
import { type OperationOptions, StrakeError } from '../lib/mod.ts'
import type { Store } from '../store/mod.ts'
import { type AptSource, deb822, hostSources, sourcesFor, suiteOf, withoutPasswords } from './apt-sources.ts'
import { bootstrapBusybox } from './busybox.ts'
import { importImage } from './import.ts'
import { mmdebstrap } from './mmdebstrap.ts'
import type { BootstrapOptions, Image, Images } from './types.ts'

/** What `debian:bookworm`, `debian/bookworm` and `busybox` mean. Throws `invalid`. */
export function parseBootstrap(spec: string): { readonly distribution: string; readonly suite: string } {
  const [, distribution, suite = 'latest'] = /^([a-z]+)(?:[:/]([\w.-]+))?$/.exec(spec) ?? []
  if (!distribution) {
    throw new StrakeError('invalid', `invalid base ${JSON.stringify(spec)}`, {
      hint: 'Write a distribution and its suite, as in debian:bookworm, or busybox.',
    })
  }
  return { distribution, suite }
}

/**
 * Makes a base image from a distribution's packages, as docker's official ones are made, and names it like those.
 * A suite that ends with `-slim` is left without documentation. With SOURCE_DATE_EPOCH set, the same packages give the
 * same image. Throws `invalid`, `unavailable` (mmdebstrap or a keyring is not installed), `failed`.
 */
export async function bootstrap(store: Store, images: Images, options: BootstrapOptions): Promise<Image> {
  if (options.distribution === 'busybox') return bootstrapBusybox(store, images, options)
  const plan = planOf(options)
  const tool = await toolVersion(options.signal)
  const own = await aptSettings(options.signal)
  const sources = sourcesFor(plan.distribution, plan.suite, { mirror: options.mirror, host: hostSources() }).map(
    (source) => (own.checkValidUntil ? source : { ...source, checkValidUntil: false }),
  )
  requireKeys(plan.distribution, sources)
  const epoch = process.env.SOURCE_DATE_EPOCH
  const created = epoch ? new Date(Number(epoch) * 1000) : new Date()
  const vertex = `bootstrap ${plan.name}`
  options.progress?.({ kind: 'vertex', id: vertex, name: vertex, state: 'started', at: Date.now() })
  try {
    const tmpdir = join(store.root, 'cache')
    mkdirSync(tmpdir, { recursive: true })
    const image = await mmdebstrap(
      {
        ...options,
        ...plan,
        vertex,
        tmpdir,
        sources: deb822(sources),
        env: { ...process.env, ...own.proxies },
        dpkgOptions: plan.slim ? slimOptions : [],
        hooks: plan.hooks,
      },
      (tar) =>
        importImage(store, images, tar, {
          tags: options.tags ?? [plan.name],
          created,
          createdBy: `strake bootstrap ${plan.name}`,
          config: {
            Cmd: [plan.distribution === 'ubuntu' ? '/bin/bash' : 'bash'],
            Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
            Labels: {
              ...plan.labels,
              'io.strake.bootstrap.tool': tool,
              'io.strake.bootstrap.date': created.toISOString(),
            },
          },
          furnish: (dir) => furnish(dir, { distribution: plan.distribution, sources, created }),
          signal: options.signal,
        }),
    )
    options.progress?.({ kind: 'vertex', id: vertex, name: vertex, state: 'done', at: Date.now() })
    return image
  } catch (error) {
    options.progress?.({ kind: 'vertex', id: vertex, name: vertex, state: 'failed', at: Date.now() })
    throw error
  }
}

/**
 * The base that a build names: the one that was made before from the same words, or else a new one.
 *
 * @param spec what follows `bootstrap:`
 * @param options with `pull`, it is always made anew
 */
export async function resolveBootstrap(
  spec: string,
  store: Store,
  images: Images,
  options: OperationOptions & { readonly pull?: boolean | undefined } = {},
): Promise<Image> {
  const wanted = { ...options, ...parseBootstrap(spec) }
  if (!options.pull) {
    const made = findMade(images, wanted)
    if (made) return made
  }
  return bootstrap(store, images, wanted)
}

/** The newest image that `bootstrap` made from the same options. What was built on it has its labels, but more history. */
function findMade(images: Images, options: BootstrapOptions): Image | undefined {
  const labels =
    options.distribution === 'busybox' ? { 'io.strake.bootstrap.distribution': 'busybox' } : planOf(options).labels
  return images.list().find((image) => {
    const { config, history } = images.config(image)
    const found = config?.Labels ?? {}
    const names = new Set([...Object.keys(labels), 'io.strake.bootstrap.include', 'io.strake.bootstrap.mirror'])
    return history?.length === 1 && [...names].every((name) => found[name] === (labels as Record<string, string>)[name])
  })
}

interface Plan {
  readonly distribution: string
  readonly suite: string
  readonly slim: boolean
  /** `debian:bookworm`. */
  readonly name: string
  readonly variant: string
  readonly include: readonly string[]
  readonly hooks: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

const mergedUsr = '/usr/share/mmdebstrap/hooks/merged-usr'
const variants = [
  'extract',
  'custom',
  'essential',
  'apt',
  'required',
  'minbase',
  'buildd',
  'important',
  'debootstrap',
  'standard',
]

/** Variants that are meant to be without apt. */
const bare = ['extract', 'custom', 'essential']

function planOf(options: BootstrapOptions): Plan {
  const { distribution, variant = 'minbase', mirror } = options
  const slim = options.suite.endsWith('-slim')
  const suite = suiteOf(distribution, slim ? options.suite.slice(0, -'-slim'.length) : options.suite)
  if (!variants.includes(variant)) {
    const hint = `It is one of ${variants.join(', ')}.`
    throw new StrakeError('invalid', `unknown variant ${JSON.stringify(variant)}`, { hint })
  }
  const include = [...new Set(options.include ?? [])].sort()
  for (const name of include) {
    if (/^[a-zA-Z0-9?~][^\s,]*$/.test(name)) continue
    throw new StrakeError('invalid', `${JSON.stringify(name)} is not the name of a package`)
  }
  // bookworm would otherwise bring all of Perl, to move files that are in their places already.
  const merges = suite === 'bookworm' && existsSync(mergedUsr)
  return {
    distribution,
    suite,
    slim,
    variant,
    name: `${distribution}:${options.suite}`,
    // Where apt is not among the required packages (Ubuntu), a minimal base would be without it.
    include: [...include, ...(bare.includes(variant) ? [] : ['apt']), ...(merges ? ['usr-is-merged'] : [])],
    hooks: merges ? [mergedUsr] : [],
    labels: {
      'org.opencontainers.image.ref.name': distribution,
      'org.opencontainers.image.version': slim ? `${suite}-slim` : suite,
      'io.strake.bootstrap.distribution': distribution,
      'io.strake.bootstrap.suite': slim ? `${suite}-slim` : suite,
      'io.strake.bootstrap.variant': variant,
      ...(include.length > 0 && { 'io.strake.bootstrap.include': include.join(',') }),
      ...(mirror !== undefined && { 'io.strake.bootstrap.mirror': mirror }),
    },
  }
}

/** What the official slim images leave out. Licences stay. */
const slimOptions = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/linda/*',
  'path-exclude=/usr/share/lintian/overrides/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/man/*',
]

/** The settings of this machine's apt that a mirror needs. */
async function aptSettings(
  signal: AbortSignal | undefined,
): Promise<{ checkValidUntil: boolean; proxies: NodeJS.ProcessEnv }> {
  const { stdout } = await exec('apt-config', ['dump', '--format=%f %v%n'], { signal })
  const value = (name: string) => new RegExp(`^${name} (.+)$`, 'im').exec(stdout)?.[1]
  const proxies: NodeJS.ProcessEnv = {}
  for (const scheme of ['http', 'https']) {
    const proxy = value(`Acquire::${scheme}::Proxy`)
    if (proxy && !process.env[`${scheme}_proxy`]) proxies[`${scheme}_proxy`] = proxy
  }
  return { checkValidUntil: !/^(?:false|no|0)$/i.test(value('Acquire::Check-Valid-Until') ?? ''), proxies }
}

async function toolVersion(signal: AbortSignal | undefined): Promise<string> {
  const { stdout } = await exec('mmdebstrap', ['--version'], { signal })
  return stdout.trim()
}

function requireKeys(distribution: string, sources: readonly AptSource[]): void {
  for (const { signedBy, trusted } of sources) {
    if (trusted || !signedBy?.startsWith('/') || existsSync(signedBy)) continue
    const keys = distribution === 'ubuntu' ? 'ubuntu-keyring' : `${distribution}-archive-keyring`
    throw new StrakeError('unavailable', `the keys of ${distribution} are not on this machine: ${signedBy}`, {
      hint: `Install them: apt-get install ${keys}\nOr name keys of yours: --mirror "deb [signed-by=FILE] URI SUITE COMPONENT…"`,
    })
  }
}

/** Apt and dpkg as docker's official images set them up. Dockerfiles know some of these files by name. */
const settings: Readonly<Record<string, string>> = {
  'etc/apt/apt.conf.d/docker-autoremove-suggests':
    '// Packages that are only suggested do not keep others installed.\nApt::AutoRemove::SuggestsImportant "false";\n',
  'etc/apt/apt.conf.d/docker-clean':
    '// What was installed need not be kept: no downloads, no binary caches.\n' +
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n' +
    'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n' +
    'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
  'etc/apt/apt.conf.d/docker-gzip-indexes':
    '// Package lists take less room in a layer.\nAcquire::GzipIndexes "true";\n',
  'etc/apt/apt.conf.d/docker-no-languages': '// No translated descriptions.\nAcquire::Languages "none";\n',
  'etc/dpkg/dpkg.cfg.d/docker-apt-speedup':
    '# A layer that a crash leaves half-written is thrown away anyway.\nforce-unsafe-io\n',
}

/** Takes away what tells of this machine, and sets up what mmdebstrap leaves to others. */
function furnish(
  root: string,
  { distribution, sources, created }: { distribution: string; sources: readonly AptSource[]; created: Date },
): void {
  const touched = new Set<string>()
  const touch = (path: string) => touched.add(path).add(dirname(path))
  const write = (path: string, text: string | Buffer, mode = 0o644) => {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    rmSync(join(root, path), { force: true })
    writeFileSync(join(root, path), text, { mode })
    touch(path)
  }
  const hasApt = existsSync(join(root, 'etc/apt'))
  for (const [path, text] of Object.entries(settings)) if (hasApt || !path.startsWith('etc/apt')) write(path, text)
  // No service is started while packages are installed.
  write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755)
  for (const path of ['etc/hostname', 'etc/hosts', 'etc/resolv.conf']) write(path, '')
  for (const path of [
    'var/lib/dpkg/status-old',
    'var/lib/dpkg/diversions-old',
    'var/cache/debconf/config.dat-old',
    'var/cache/debconf/templates.dat-old',
  ]) {
    rmSync(join(root, path), { force: true })
    if (existsSync(join(root, dirname(path)))) touch(dirname(path))
  }
  const options = join(root, 'etc/dpkg/dpkg.cfg.d/99mmdebstrap')
  if (existsSync(options)) renameSync(options, join(root, 'etc/dpkg/dpkg.cfg.d/docker'))
  if (hasApt) {
    rmSync(join(root, 'etc/apt/sources.list.d/0000main.sources'), { force: true })
    write(`etc/apt/sources.list.d/${distribution}.sources`, deb822(sources.map(withoutPasswords)))
    for (const { signedBy } of sources) {
      if (signedBy?.startsWith('/') && !existsSync(join(root, signedBy)))
        write(signedBy.slice(1), readFileSync(signedBy))
    }
  }
  mkdirSync(join(root, 'dev'), { recursive: true })
  touch('dev')
  for (const path of touched) utimesSync(join(root, path), created, created)
}
