import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ended } from '../host/mod.ts'

/**
 * Runs a bundle on this process' own standard input, output and error: a person works in it. Gives its exit code. It dies with this
 * process, as what `launch` starts.
 */
export async function runAttended(
  runtime: string,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
      ...[runtime, '--root', join(directory, 'state'), '--log', join(directory, 'log.json'), '--log-format', 'json'],
      ...['run', '--bundle', directory, 'step'],
    ],
    { stdio: 'inherit', signal, killSignal: 'SIGKILL' },
  )
  return await ended(child, 'setpriv')
}
