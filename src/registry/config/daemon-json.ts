import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errno, StrakeError } from '../../lib/mod.ts'
import { dockerConfigDirectory } from './docker-config.ts'

/** docker's daemon.json. */
export interface DaemonJson {
  /** Empty where there is none. */
  readonly file: string
  readonly value: Readonly<Record<string, unknown>>
}

/** The first of those in docker's configuration directory and in /etc/docker. Throws `invalid` for one that is not JSON. */
export function readDaemonJson(env: NodeJS.ProcessEnv): DaemonJson {
  for (const directory of [dockerConfigDirectory(env), '/etc/docker']) {
    const file = join(directory, 'daemon.json')
    const text = readText(file)
    if (text === undefined) continue
    try {
      const value: unknown = JSON.parse(text || '{}')
      return { file, value: typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {} }
    } catch (cause) {
      throw new StrakeError('invalid', `${file} is not JSON: ${(cause as Error).message}`, { cause })
    }
  }
  return { file: '', value: {} }
}

/** Undefined for a file that is not there, or not for us. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (/^(ENOENT|ENOTDIR|EACCES)$/.test(errno(error) ?? '')) return undefined
    throw error
  }
}
