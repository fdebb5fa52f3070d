import { homedir } from 'node:os'
import { join } from 'node:path'
import { type HubData, openHub } from '../hub/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Option } from './command.ts'

/** The option that every verb of the hub has. */
export const dataOption = {
  kind: 'string',
  value: 'directory',
  help: "The hub's data folder (default $STRAKE_HUB, or /var/lib/strake-hub for root)",
} as const satisfies Option

export function dataFolder(given: string | undefined, env: NodeJS.ProcessEnv): string {
  if (given === '') throw new StrakeError('invalid', '--data names no folder')
  if (given ?? env.STRAKE_HUB) return (given ?? env.STRAKE_HUB)!
  if (process.getuid?.() === 0) return '/var/lib/strake-hub'
  return join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'strake-hub')
}

/** Opens the data of a hub, which may be serving meanwhile. */
export function openData(given: string | undefined, env: NodeJS.ProcessEnv): HubData {
  return openHub(dataFolder(given, env))
}

/** `30d`, `12h`, `45m`: milliseconds. */
export function timeSpan(text: string): number {
  const [, count, unit] = /^(\d{1,6})(m|h|d)$/.exec(text) ?? []
  if (count === undefined) {
    throw new StrakeError('invalid', `invalid duration ${JSON.stringify(text)}`, {
      hint: 'Write it as 45m, 12h or 30d.',
    })
  }
  return Number(count) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[unit as 'm' | 'h' | 'd']
}
