import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { peers, startDocker } from '../tests/support/peers.ts'
import { Session } from './session.ts'

/** A tool that is measured, as shell scripts. They run in the folder of the benchmark. */
export interface Tool {
  readonly name: string
  readonly version: string
  readonly session: Session
  build(context: string, tag: string, options?: { readonly noCache?: boolean }): string
  run(image: string): string
  readonly images: string
  history(image: string): string
  /** Everything that was built, its caches included, is gone; the base (`base.tar`, `busybox`) is there. */
  readonly fresh: string
  /** Leaves nothing behind. */
  readonly end: string
}

const repository = join(import.meta.dirname, '..')
const noCache = (options?: { readonly noCache?: boolean }) => (options?.noCache ? '--no-cache' : '')

export function strake(dir: string): Tool {
  const program = join(repository, 'bin/strake')
  const env = { ...process.env, STRAKE_ROOT: join(dir, 'strake') }
  return {
    name: 'Strake',
    version: execFileSync(program, ['--version'], { encoding: 'utf8' }).trim(),
    session: new Session(['sh'], { env, log: join(dir, 'log') }),
    build: (context, tag, options) => `${program} build ${noCache(options)} -t ${tag} ${context}`,
    run: (image) => `${program} run --rm ${image} true`,
    images: `${program} images`,
    history: (image) => `${program} history ${image}`,
    fresh: `rm -rf ${env.STRAKE_ROOT} && ${program} load -i base.tar`,
    end: 'true',
  }
}

/** Docker, where the peers are; its engine is the one that they start. */
export function docker(dir: string): Tool | undefined {
  if (!peers) return undefined
  startDocker()
  const pid = join(process.env.PEERS_ROOT ?? '/var/tmp/strake-peers', 'run/docker.pid')
  const drop = 'docker image ls -q "bench*" | xargs -r docker rmi -f; docker builder prune -af'
  return {
    name: 'Docker',
    version: version('docker --version'),
    session: inside(dir, () => Number(readFileSync(pid, 'utf8'))),
    build: (context, tag, options) => `docker build ${noCache(options)} -t ${tag} ${context}`,
    run: (image) => `docker run --rm ${image} true`,
    images: 'docker images',
    history: (image) => `docker history ${image}`,
    fresh: `${drop} && docker load -i base.tar`,
    end: `${drop}; docker rmi -f busybox:bench`,
  }
}

/** Buildah, and Podman for what Buildah has no verb for. */
export function buildah(dir: string): Tool | undefined {
  if (!peers || !existsSync(join(process.env.PEERS_ROOT ?? '/var/tmp/strake-peers', 'usr/bin/buildah')))
    return undefined
  const store = '--root /share/buildah --runroot /run/strake-bench'
  return {
    name: 'Buildah',
    version: `${version('buildah --version')}, ${version('podman --version')}`,
    session: inside(dir),
    build: (context, tag, options) => `buildah ${store} build --layers ${noCache(options)} -t ${tag} ${context}`,
    run: (image) => `podman ${store} run --rm ${image} true`,
    images: `buildah ${store} images`,
    history: (image) => `podman ${store} history ${image}`,
    fresh: `podman ${store} rmi -af; rm -rf /share/buildah && podman ${store} load -i base.tar`,
    end: `podman ${store} rmi -af; umount -l /share/buildah/overlay; rm -rf /share/buildah /run/strake-bench; true`,
  }
}

function inside(dir: string, daemon?: () => number): Session {
  return new Session([join(peers!, 'enter'), 'sh', '-c', 'cd /share; exec sh'], {
    env: { ...process.env, PEERS_SHARE: dir },
    log: join(dir, 'log'),
    ...(daemon ? { daemon } : {}),
  })
}

function version(command: string): string {
  return execFileSync(join(peers!, 'enter'), ['sh', '-c', command], { encoding: 'utf8' }).trim()
}
