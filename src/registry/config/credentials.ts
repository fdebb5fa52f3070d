import { exec } from '../../host/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { type DockerConfig, readDockerConfig, type StoredAuth, writeDockerConfig } from './docker-config.ts'

/** What a registry is shown. Never printed. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token of OAuth2. */
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  /** A bearer token. */
  | { readonly kind: 'bearer'; readonly token: string }

/** The key under which docker keeps what is Docker Hub's. */
const dockerHub = 'https://index.docker.io/v1/'

/** The name of a registry as config.json and helpers have it. */
export function serverAddress(registry: string): string {
  return registry === 'docker.io' ? dockerHub : registry
}

/**
 * What docker's config.json, or the helper that it names, has for a registry. Undefined where there is nothing.
 * Throws `failed` for a helper that does not work, `unavailable` for one that is not installed.
 */
export async function findCredentials(registry: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const config = readDockerConfig(env)
  const server = serverAddress(registry)
  const helper = helperOf(config, server)
  if (helper) return askHelper(helper, server, env)
  return fromFile(config, server)
}

/** Keeps credentials. `plain` tells the file where they stand unencrypted now. */
export async function storeCredentials(
  registry: string,
  credentials: Exclude<Credentials, { kind: 'bearer' }>,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly plain: string | undefined }> {
  const config = readDockerConfig(env)
  const server = serverAddress(registry)
  const helper = helperOf(config, server)
  if (helper) {
    const [Username, Secret] =
      credentials.kind === 'identity' ? ['<token>', credentials.token] : [credentials.username, credentials.password]
    await runHelper(helper, 'store', JSON.stringify({ ServerURL: server, Username, Secret }), env)
    // An empty entry tells docker's own commands that there is something.
    writeDockerConfig({ ...config, auths: { ...config.auths, [server]: {} } })
    return { plain: undefined }
  }
  const entry: StoredAuth =
    credentials.kind === 'identity'
      ? { auth: encode(credentials.username, ''), identitytoken: credentials.token }
      : { auth: encode(credentials.username, credentials.password) }
  writeDockerConfig({ ...config, auths: { ...config.auths, [server]: entry } })
  return { plain: config.path }
}

/** Forgets what is kept for a registry. False where there was nothing. */
export async function eraseCredentials(registry: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const config = readDockerConfig(env)
  const server = serverAddress(registry)
  const helper = helperOf(config, server)
  const keys = Object.keys(config.auths).filter((key) => hostOf(key) === hostOf(server))
  const known = keys.length > 0 || (helper !== undefined && (await askHelper(helper, server, env)) !== undefined)
  if (!known) return false
  if (helper) await runHelper(helper, 'erase', server, env)
  const auths = Object.fromEntries(Object.entries(config.auths).filter(([key]) => !keys.includes(key)))
  writeDockerConfig({ ...config, auths })
  return true
}

function fromFile({ auths, path }: DockerConfig, server: string): Credentials | undefined {
  const key = Object.hasOwn(auths, server) ? server : Object.keys(auths).find((name) => hostOf(name) === hostOf(server))
  const entry = key === undefined ? undefined : auths[key]
  if (!entry) return undefined
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString() : undefined
  if (decoded !== undefined && !decoded.includes(':')) {
    throw new StrakeError('invalid', `${path}: the entry of ${key} is damaged`, {
      hint: `Log in again: strake login ${key}`,
    })
  }
  const username = decoded?.slice(0, decoded.indexOf(':')) ?? entry.username ?? ''
  const password = (decoded?.slice(decoded.indexOf(':') + 1) ?? entry.password ?? '').replace(/\0+$/, '')
  if (entry.registrytoken) return { kind: 'bearer', token: entry.registrytoken }
  if (entry.identitytoken) return { kind: 'identity', username, token: entry.identitytoken }
  return username === '' && password === '' ? undefined : { kind: 'password', username, password }
}

/** `https://localhost:5000/v2/` → `localhost:5000`. */
function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '').split('/')[0]!
}

function encode(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64')
}

function helperOf({ credHelpers, credsStore }: DockerConfig, server: string): string | undefined {
  const own = Object.hasOwn(credHelpers, server) ? server : hostOf(server)
  return (Object.hasOwn(credHelpers, own) ? credHelpers[own] : undefined) ?? credsStore
}

async function askHelper(helper: string, server: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const said = await runHelper(helper, 'get', server, env)
  if (said === undefined) return undefined
  let answer: { Username?: unknown; Secret?: unknown } | null = null
  try {
    answer = JSON.parse(said)
  } catch {
    // Its text may be a secret: nothing of it is told.
  }
  const { Username: username, Secret: secret } = answer ?? {}
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw new StrakeError('failed', `docker-credential-${helper} did not answer as a credential helper does`)
  }
  if (secret === '') return undefined
  if (username === '<token>') return { kind: 'identity', username, token: secret }
  return { kind: 'password', username, password: secret }
}

/**
 * The protocol of docker-credential-helpers: a verb as argument, the request on standard input, the answer or the failure on
 * standard output. Undefined where nothing is stored.
 */
async function runHelper(
  helper: string,
  verb: 'get' | 'store' | 'erase',
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  if (!/^[\w.-]+$/.test(helper)) {
    throw new StrakeError('invalid', `${JSON.stringify(helper)} can't be the name of a credential helper`)
  }
  const { exitCode, stdout, stderr } = await exec(`docker-credential-${helper}`, [verb], { input, env })
  if (exitCode === 0) return stdout
  const said = (stdout.trim() || stderr.trim()).split('\n')[0]!.slice(0, 300)
  if (verb !== 'store' && /credentials not found/i.test(said)) return undefined
  throw new StrakeError('failed', `docker-credential-${helper} ${verb} ended with ${exitCode}${said && `: ${said}`}`, {
    hint: `Without it, remove ${helper} from credsStore and credHelpers of docker's config.json.`,
  })
}
