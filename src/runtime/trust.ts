import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { errno, StrakeError } from '../lib/mod.ts'
import { runDirectory } from './run-directory.ts'
import { trustStore } from './trust-store.ts'
import type { Mount } from './types.ts'

/** The host's CA bundle and proxy, for RUN steps. Nothing of it may show in a layer, a configuration or a cache key. */
export interface HostTrust {
  readonly mounts: readonly Mount[]
  /** `KEY=value`, for those that the Dockerfile does not set itself. */
  readonly env: readonly string[]
  /** One line for the person, where there is anything to announce. */
  readonly announcement: string | undefined
  readonly warnings: readonly string[]
}

/** `auto`: what the environment names; `none`: nothing, no proxy either; else that bundle, and the environment's proxy. */
export type TrustMode = 'auto' | 'none' | { readonly file: string }

/**
 * A path in the container that leaves no trace: /dev is a tmpfs there. Everybody may read it; apt reads as `_apt`.
 */
const inside = '/dev/strake'

/** Where programs are told of a CA bundle. A host that sets one of them wants it to be used. */
const bundleVariables = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'NODE_EXTRA_CA_CERTS',
  'GIT_SSL_CAINFO',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'NPM_CONFIG_CAFILE',
  'npm_config_cafile',
  'NIX_SSL_CERT_FILE',
  'DENO_CERT',
]

const bundleFile = `${inside}/ca.crt`

/** What steps get: the variables of OpenSSL, Go and Python's ssl; of single programs; and files for those without one. */
const stepVariables = [
  ...['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'REQUESTS_CA_BUNDLE', 'PIP_CERT', 'NODE_EXTRA_CA_CERTS'],
  ...['NPM_CONFIG_CAFILE', 'AWS_CA_BUNDLE', 'CARGO_HTTP_CAINFO', 'DENO_CERT', 'BUNDLE_SSL_CA_CERT', 'COMPOSER_CAFILE'],
].map((name) => `${name}=${bundleFile}`)

const stepFiles = {
  'apt.conf': `Acquire::https::CaInfo "${bundleFile}";\n`,
  wgetrc: `ca_certificate = ${bundleFile}\n`,
}

const fileVariables = [
  `APT_CONFIG=${inside}/apt.conf`,
  `WGETRC=${inside}/wgetrc`,
  `JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=${inside}/ca.jks`,
]

/** The bundles of Debian, Fedora, Alpine and openSUSE. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
]

const proxyVariables = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy']

const maxBundle = 16 << 20

/**
 * Throws `invalid` when the file that was asked for holds no certificates. What the environment names and can't be used is
 * passed over with a warning. The files are read when `mounts` is first asked for: a build that runs nothing needs none.
 */
export function hostTrust(env: NodeJS.ProcessEnv, mode: TrustMode): HostTrust {
  if (mode === 'none') return { mounts: [], env: [], announcement: undefined, warnings: [] }
  const warnings: string[] = []
  if (mode !== 'auto') readCertificates(mode.file)
  const bundle = mode === 'auto' ? namedBundle(env, warnings) : { files: [mode.file], from: mode.file }
  const proxy = proxies(env, warnings)
  const announced = [
    ...(bundle ? [`CA bundle (${bundle.from})`] : []),
    ...(proxy.shown ? [`proxy (${proxy.shown})`] : []),
  ]
  let mounts: readonly Mount[] | undefined
  return {
    get mounts() {
      mounts ??= bundle
        ? [{ kind: 'bind', source: trustDirectory(collect(bundle.files)), target: inside, readonly: true }]
        : []
      return mounts
    },
    env: [...(bundle ? [...stepVariables, ...fileVariables] : []), ...proxy.env],
    announcement: announced.length
      ? `RUN steps use this machine's ${announced.join(' and ')}; nothing of it stays in the image (--ca none switches it off)`
      : undefined,
    warnings,
  }
}

function namedBundle(env: NodeJS.ProcessEnv, warnings: string[]) {
  const named = new Map<string, string>()
  for (const variable of bundleVariables) {
    const file = env[variable]
    if (!file || named.has(file)) continue
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) named.set(file, variable)
    else warnings.push(`${variable} is passed over: there is no file ${file}`)
  }
  const [first] = named
  return first && { files: [...named.keys()], from: `${first[0]}, named by ${first[1]}` }
}

/**
 * All certificates of the files, and of the system, each once: NODE_EXTRA_CA_CERTS, for one, names additions only, but most
 * programs take what they are told for everything.
 */
function collect(files: readonly string[]): string[] {
  const system = systemBundles.find((path) => existsSync(path))
  const paths = new Set([...files.map((file) => realpathSync(file)), ...(system ? [realpathSync(system)] : [])])
  return [...new Set([...paths].flatMap(readCertificates))]
}

/** PEM blocks, without what stands between them. */
function readCertificates(file: string): string[] {
  const fail = (why: string) => new StrakeError('invalid', `the CA bundle ${file} ${why}`)
  let text: string
  try {
    const stat = statSync(file)
    if (!stat.isFile()) throw fail('is not a file')
    if (stat.size > maxBundle) throw fail('is too large')
    text = readFileSync(file, 'latin1')
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') throw fail('does not exist')
    if (errno(error) === 'EACCES') throw fail('may not be read')
    throw error
  }
  const blocks = text.match(
    /-----BEGIN (TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END (TRUSTED )?CERTIFICATE-----/g,
  )
  if (!blocks) throw fail('holds no certificate in PEM form')
  return blocks.map((block) => block.replaceAll('\r', ''))
}

/** A directory with the bundle in all its forms, the same for the same certificates. */
function trustDirectory(certificates: readonly string[]): string {
  const bundle = `${certificates.join('\n')}\n`
  const base = join(runDirectory(), 'trust')
  const directory = join(base, createHash('sha256').update(bundle).digest('hex').slice(0, 16))
  if (existsSync(directory)) return directory
  mkdirSync(base, { recursive: true, mode: 0o755 })
  const draft = mkdtempSync(join(base, 'new-'))
  const files = { 'ca.crt': bundle, 'ca.jks': trustStore(certificates), ...stepFiles }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(draft, name), content, { mode: 0o644 })
  chmodSync(draft, 0o755)
  try {
    renameSync(draft, directory)
  } catch (error) {
    // Another process was first.
    if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'EEXIST') throw error
    rmSync(draft, { recursive: true })
  }
  return directory
}

/** Programs differ in which case they look at: curl takes `http_proxy` in small letters only. */
function proxies(env: NodeJS.ProcessEnv, warnings: string[]) {
  const found = proxyVariables.flatMap((name) => {
    const value = env[name] || env[name.toUpperCase()]
    return value ? [{ name, value }] : []
  })
  const urls = found.filter(({ name }) => name !== 'no_proxy').map(({ value }) => value)
  for (const url of new Set(urls)) {
    if (!isLoopback(url)) continue
    warnings.push(
      `the proxy ${withoutPassword(url)} is on this machine's loopback, which RUN steps can't reach: ` +
        'use --network host, or let it listen on another address',
    )
  }
  return {
    env: found.flatMap(({ name, value }) => [`${name}=${value}`, `${name.toUpperCase()}=${value}`]),
    shown: urls[0] && withoutPassword(urls[0]),
  }
}

function isLoopback(proxy: string): boolean {
  return /^(?:[a-z0-9]+:\/\/)?(?:[^@/]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/i.test(proxy)
}

function withoutPassword(proxy: string): string {
  return proxy.replace(/^([a-z0-9]+:\/\/)?[^@/]*@/i, '$1')
}
