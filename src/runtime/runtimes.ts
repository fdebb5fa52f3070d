import { mkdirSync, statfsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bindMount, enterPrivateMounts, findProgram, mount, openDirectory } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { isExecutable } from './program.ts'
import type { SpecOptions } from './types.ts'

/** An OCI runtime: a program with runc's command line. */
export interface Runtime {
  readonly name: string
  readonly path: string
}

/**
 * The runtime to use: `STRAKE_RUNTIME` (a name or a path) if set; crun where it is installed, for it is the fastest;
 * else runc. Throws `unavailable` where there is none.
 */
export function findRuntime(env: NodeJS.ProcessEnv = process.env): Runtime {
  const names = env.STRAKE_RUNTIME ? [env.STRAKE_RUNTIME] : ['crun', 'runc']
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

/**
 * The runtime for a container: runc, where it is installed and the program may not start. It leaves what execve(2) says to the
 * container's own output, as docker has it; crun does so only when all think that it runs. And where the size of files is limited: crun
 * is then limited itself, and can't write what it has to.
 */
export function findRuntimeFor(
  options: Pick<SpecOptions, 'rootfs' | 'args' | 'env' | 'cwd' | 'ulimits'>,
  env: NodeJS.ProcessEnv = process.env,
): Runtime {
  const preferred = findRuntime(env)
  if (env.STRAKE_RUNTIME || !isCrun(preferred)) return preferred
  const limited = options.ulimits?.some(({ name }) => name === 'fsize')
  if (!limited && isExecutable(options.rootfs, options)) return preferred
  const path = findProgram('runc', env)
  return path ? { name: 'runc', path } : preferred
}

export function isCrun({ name }: Runtime): boolean {
  return name.startsWith('crun')
}

const unified = '/sys/fs/cgroup/unified'
const CGROUP2_SUPER_MAGIC = 0x63677270

/** On hybrid cgroups: the whole of v2, and what of it crun sees. */
let concealed: { readonly fd: number; readonly shown: Set<string> } | undefined

/**
 * Enters a mount namespace in which the runtime can be started (`enterPrivateMounts`), in this cgroup.
 *
 * crun refuses to make containers where cgroups v2 are mounted beside v1, which it sees by what is mounted at `unified`. So a tmpfs
 * is mounted there, with our part of v2 in it: containers get their cgroup there as well.
 */
export function enterRuntimeMounts(runtime: Runtime, cgroup: string): void {
  enterPrivateMounts()
  if (!isCrun(runtime)) return
  if (!concealed && isHybrid()) {
    concealed = { fd: openDirectory(unified), shown: new Set() }
    mount('tmpfs', unified, 'tmpfs', 0, 'mode=0755')
  }
  const [top] = cgroup.split('/').filter(Boolean)
  if (!concealed || !top || concealed.shown.has(top)) return
  const own = join(unified, top)
  const source = `/proc/self/fd/${concealed.fd}/${top}`
  mkdirSync(source, { recursive: true })
  mkdirSync(own)
  bindMount(source, own)
  concealed.shown.add(top)
}

function isHybrid(): boolean {
  try {
    return statfsSync(unified).type === CGROUP2_SUPER_MAGIC
  } catch (error) {
    if (errno(error) === 'ENOENT') return false
    throw error
  }
}
