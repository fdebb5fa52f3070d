import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { findProgram } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'

/** An OCI runtime: a program with runc's command line. */
export interface Runtime {
  readonly name: string
  readonly path: string
}

/**
 * The runtime to use: `STRAKE_RUNTIME` (a name or a path) if set; crun where it is installed and can run, for it is the
 * fastest; else runc. Throws `unavailable` where there is none.
 */
export function findRuntime(env: NodeJS.ProcessEnv = process.env): Runtime {
  const names = env.STRAKE_RUNTIME ? [env.STRAKE_RUNTIME] : isHybrid() ? ['runc'] : ['crun', 'runc']
  for (const name of names) {
    const path = findProgram(name, env)
    if (path) return { name: basename(path), path }
  }
  const missing = names.at(-1)
  const hint = env.STRAKE_RUNTIME
    ? 'STRAKE_RUNTIME names it. Leave it unset to use crun or runc.'
    : `Install ${missing}, or see what else is missing with: strake info --check`
  throw new StrakeError('unavailable', `${missing} is not installed`, { hint })
}

/** cgroups v1 beside v2, which crun refuses. */
function isHybrid(): boolean {
  return existsSync('/sys/fs/cgroup/unified/cgroup.procs')
}
