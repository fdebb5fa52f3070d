import type { Options } from './command.ts'

/** How a container is asked to end: what `stop` and `restart` have in common. */
export const stopOptions = {
  timeout: { kind: 'number', short: 't', help: 'Seconds to wait before killing the container (default: 10)' },
  time: { kind: 'number', help: 'Seconds to wait before killing the container', hidden: true },
  signal: { kind: 'string', short: 's', help: 'Signal to send to the container' },
} as const satisfies Options
