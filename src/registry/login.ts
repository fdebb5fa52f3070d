import { StrakeError } from '../lib/mod.ts'
import { parseReference } from '../oci/mod.ts'
import { type Credentials, eraseCredentials, findCredentials, storeCredentials } from './config/credentials.ts'
import { endpointsOf } from './config/hosts.ts'
import { openRegistries, type RegistriesOptions } from './repository.ts'

export interface LoginOptions extends Pick<RegistriesOptions, 'env' | 'signal' | 'retryDelay'> {
  /** `localhost:5000`, `registry.test`; `docker.io` if it is left out. */
  readonly registry?: string | undefined
  /** Those that are stored, if it is left out. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined
}

export interface LoggedIn {
  readonly registry: string
  /** The file in which the password stands unencrypted now. */
  readonly plain: string | undefined
}

/**
 * Shows credentials to a registry, and keeps them as docker does when it takes them. Throws `unauthorized` (the registry does
 * not take them, or there are none), `unavailable`.
 */
export async function login(options: LoginOptions): Promise<LoggedIn> {
  const { env = process.env } = options
  const registry = registryName(options.registry ?? 'docker.io')
  const stored = options.credentials ? undefined : await findCredentials(registry, env)
  const credentials: Credentials | undefined = options.credentials
    ? { kind: 'password', ...options.credentials }
    : stored
  if (!credentials) throw new StrakeError('unauthorized', `there are no credentials for ${registry}`)
  using registries = openRegistries(options)
  const endpoint = endpointsOf(registry, 'library', env).at(-1)!
  const refresh = await registries.client(endpoint, registry).login(credentials)
  if (stored || credentials.kind === 'bearer') return { registry, plain: undefined }
  const username = credentials.username
  const { plain } = await storeCredentials(
    registry,
    refresh === undefined ? credentials : { kind: 'identity', username, token: refresh },
    env,
  )
  return { registry, plain: refresh === undefined ? plain : undefined }
}

/** Forgets the credentials of a registry. False where there were none. */
export function logout(registry: string = 'docker.io', env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  return eraseCredentials(registryName(registry), env)
}

/** Whoever is logged in there, as far as the configuration tells. */
export async function storedUser(registry: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const credentials = await findCredentials(registryName(registry), env)
  return credentials && 'username' in credentials && credentials.username !== '<token>'
    ? credentials.username
    : undefined
}

/** `https://registry.test/v2/` → `registry.test`. Throws `invalid`. */
export function registryName(text: string): string {
  const host = text.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  if (/^(index\.|registry-1\.)?docker\.io$/.test(host)) return 'docker.io'
  try {
    const { registry } = parseReference(`${host}/library`)
    if (registry === host) return host
    // A name without a dot, a colon: `parseReference` takes it for a repository of Docker Hub.
    if (/^[a-z0-9-]+$/i.test(host)) return host
  } catch (error) {
    if (!(error instanceof StrakeError)) throw error
  }
  throw new StrakeError('invalid', `${JSON.stringify(text)} is not the name of a registry`, {
    hint: 'Write its host, with its port if it has one: localhost:5000',
  })
}
