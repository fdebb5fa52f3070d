import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where things lie that mean nothing after the next start of the machine. */
export function runDirectory(): string {
  return process.getuid?.() === 0 ? '/run/strake' : join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'strake')
}
