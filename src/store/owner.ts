import { readFileSync, readlinkSync } from 'node:fs'
import { processIdentity } from '../host/mod.ts'

const dayInMs = 24 * 60 * 60 * 1000

let here: { readonly boot: string; readonly namespace: string } | undefined
let own: string | undefined

function place() {
  here ??= {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    namespace: readlinkSync('/proc/self/ns/pid'),
  }
  return here
}

/** Names this process beyond the reuse of pids: `BOOT PID-NAMESPACE PID.START`. */
export function ownIdentity(): string {
  own ??= `${place().boot} ${place().namespace} ${processIdentity(process.pid)}`
  return own
}

/**
 * Whether the process of that name has ended. One in another pid namespace (a container that shares the store) can't be
 * looked for: it is taken for alive until a day after `since`.
 */
export function isGone(identity: string, since: number): boolean {
  const [boot, namespace, process] = identity.split(' ')
  if (boot !== place().boot) return true
  if (namespace !== place().namespace) return Date.now() > since + dayInMs
  return processIdentity(Number.parseInt(process ?? '', 10)) !== process
}
