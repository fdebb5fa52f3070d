import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errno, makeFolder, StrakeError } from '../../lib/mod.ts'

/** One entry of `auths`: what docker keeps for a registry where no helper does. */
export interface StoredAuth {
  /** Base64 of `user:password`. */
  readonly auth?: string
  readonly username?: string
  readonly password?: string
  /** A refresh token of OAuth2. */
  readonly identitytoken?: string
  /** A bearer token that is used as it is. */
  readonly registrytoken?: string
}

/** docker's config.json, as far as registries go. What else is in it is kept when it is written. */
export interface DockerConfig {
  readonly path: string
  readonly auths: Readonly<Record<string, StoredAuth>>
  readonly credsStore: string | undefined
  readonly credHelpers: Readonly<Record<string, string>>
  /** Of no importance here. */
  readonly rest: Readonly<Record<string, unknown>>
}

/** `DOCKER_CONFIG`, or `~/.docker`. */
export function dockerConfigDirectory(env: NodeJS.ProcessEnv): string {
  return env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker')
}

/** Throws `invalid` for a file that can't be understood: its content is never shown, since it has passwords. */
export function readDockerConfig(env: NodeJS.ProcessEnv): DockerConfig {
  const path = join(dockerConfigDirectory(env), 'config.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') {
      return { path, auths: {}, credsStore: undefined, credHelpers: {}, rest: {} }
    }
    throw new StrakeError('denied', `can't read ${path}: ${(error as Error).message}`, { cause: error })
  }
  const fail = (why: string) => new StrakeError('invalid', `${path}: ${why}`, { hint: 'Put it right or remove it.' })
  let value: unknown
  try {
    value = text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    throw fail('not JSON')
  }
  if (!isTable(value)) throw fail('not a JSON object')
  const { auths = {}, credsStore, credHelpers = {}, ...rest } = value
  if (!isTable(auths) || !Object.values(auths).every(isTable)) throw fail('auths is not a table')
  if (credsStore !== undefined && typeof credsStore !== 'string') throw fail('credsStore is not a text')
  if (!isTable(credHelpers) || !Object.values(credHelpers).every((name) => typeof name === 'string')) {
    throw fail('credHelpers is not a table of names')
  }
  return {
    path,
    auths: auths as DockerConfig['auths'],
    credsStore: credsStore || undefined,
    credHelpers: credHelpers as Record<string, string>,
    rest,
  }
}

/** Replaces the file as a whole. Only its owner can read it. A link stays a link. */
export function writeDockerConfig({ path, auths, credsStore, credHelpers, rest }: DockerConfig): void {
  makeFolder(dirname(path), 0o700)
  const there = statSync(path, { throwIfNoEntry: false })
  const target = there ? realpathSync(path) : path
  const value = {
    auths,
    ...(credsStore && { credsStore }),
    ...(Object.keys(credHelpers).length > 0 && { credHelpers }),
    ...rest,
  }
  const temporary = `${target}.${process.pid}.tmp`
  try {
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      fchmodSync(fd, there ? there.mode & 0o600 : 0o600)
      writeSync(fd, `${JSON.stringify(value, null, '\t')}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
