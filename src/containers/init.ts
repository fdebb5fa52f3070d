import { existsSync, readFileSync } from 'node:fs'
import { readElf } from '../hints/mod.ts'
import { findProgram } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'

/** Where Docker, Podman and the distributions keep it for themselves. */
const folders = ['/usr/libexec/docker', '/usr/libexec/podman', '/usr/lib/podman', '/usr/libexec', '/usr/lib/docker']

/**
 * A small init that reaps processes and passes signals on, of those that this machine has. Only a statically linked
 * one will do: the images that it is put into need not have a C library. Undefined where there is none.
 */
export function findInit(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return candidates(env).find(isStatic)
}

/** As `findInit`; throws `unavailable` where there is none. */
export function requireInit(env: NodeJS.ProcessEnv = process.env): string {
  const init = findInit(env)
  if (init !== undefined) return init
  const [dynamic] = candidates(env)
  throw new StrakeError('unavailable', 'no init to run in the container is installed', {
    hint: dynamic
      ? `${dynamic} needs libraries that an image may lack. Install one that is linked statically, tini-static or catatonit.`
      : 'See how to install one with: strake info --check. Or leave --init away.',
  })
}

function candidates(env: NodeJS.ProcessEnv): string[] {
  const names = ['docker-init', 'tini-static', 'catatonit', 'tini']
  return names.flatMap((name) => [
    ...[findProgram(name, env)].filter((path) => path !== undefined),
    ...folders.map((folder) => `${folder}/${name}`).filter((path) => existsSync(path)),
  ])
}

function isStatic(path: string): boolean {
  const elf = readElf(readFileSync(path))
  return elf !== undefined && elf.loader === undefined
}
