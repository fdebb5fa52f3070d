import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Other tools to compare with, in a root folder of their own: a folder with the scripts `enter` (runs a command among them, with
 * $PEERS_SHARE as /share) and `dockerd` (starts Docker's engine if it is not running). Named by STRAKE_PEERS, or found beside the checkout.
 */
export const peers = [process.env.STRAKE_PEERS, join(import.meta.dirname, '../../../shared/peers')].find(
  (dir) => dir && existsSync(join(dir, 'enter')),
)

/** Why a test that needs the peers can't run; false when it can. For node:test's `skip`. */
export const noPeers: string | false =
  process.getuid?.() !== 0 ? 'needs root' : peers === undefined ? 'needs the peers (STRAKE_PEERS)' : false

/** Starts Docker's engine if it is not running. */
export function startDocker(): void {
  execFileSync(join(peers!, 'dockerd'), { stdio: 'ignore', timeout: 60_000 })
}

/** Runs a shell script among the peers, with `share` as its /share and working directory; gives back what it writes. */
export function enter(share: string, script: string): string {
  return execFileSync(join(peers!, 'enter'), ['sh', '-ec', `cd /share; ${script}`], {
    env: { ...process.env, PEERS_SHARE: share },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  })
}
