import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { peers } from '../tests/support/peers.ts'
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
  /** Run once, first of all. */
  readonly start: string
  /** Everything that was built, its caches included, is gone; the base (`base.tar`, `busybox`) is there. */
  readonly fresh: string
  /** Leaves nothing behind. */
  readonly end: string
}

const repository = join(import.meta.dirname, '..')
/** The root folder of the peers. */
const root = process.env.PEERS_ROOT ?? '/var/tmp/strake-peers'
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
    start: 'true',
    // Put aside, not removed: ext4 without a journal makes files several times more slowly for a minute after many were deleted.
    fresh: `[ ! -e ${env.STRAKE_ROOT} ] || mv ${env.STRAKE_ROOT} ${env.STRAKE_ROOT}-$(date +%N); ${program} load -i base.tar`,
    end: 'true',
  }
}

/**
 * Docker, where the peers are. Its engine keeps its data in the folder of the benchmark, if none is running already: it never gives back
 * the room of layers that were built twice.
 */
export function docker(dir: string): Tool | undefined {
  if (!peers) return undefined
  const pid = join(root, 'run/docker.pid')
  const session = inside(dir, () => Number(readFileSync(pid, 'utf8')))
  const running = existsSync(pid) && existsSync(join('/proc', readFileSync(pid, 'utf8').trim()))
  if (!running) {
    const command = 'exec dockerd --data-root /share/docker -H unix:///run/docker.sock >/share/dockerd.log 2>&1'
    spawn(join(peers, 'enter'), ['sh', '-c', command], {
      env: { ...process.env, PEERS_SHARE: dir },
      detached: true,
      stdio: 'ignore',
    }).unref()
  }
  const drop = 'docker image ls -q "bench*" | xargs -r docker rmi -f; docker image prune -f; docker builder prune -af'
  return {
    name: 'Docker',
    version: version('docker --version'),
    session,
    build: (context, tag, options) => `docker build ${noCache(options)} -t ${tag} ${context}`,
    run: (image) => `docker run --rm ${image} true`,
    images: 'docker images',
    history: (image) => `docker history ${image}`,
    start: 'for _ in $(seq 100); do docker info && break; sleep 0.2; done',
    fresh: `${drop} && docker load -i base.tar`,
    end: running
      ? `${drop}; docker rmi -f busybox:bench`
      : 'kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.2; done',
  }
}

/** Buildah, and Podman for what Buildah has no verb for. */
export function buildah(dir: string): Tool | undefined {
  if (!peers || !existsSync(join(root, 'usr/bin/buildah'))) return undefined
  const store = '--root /share/buildah --runroot /run/strake-bench'
  return {
    name: 'Buildah',
    version: `${version('buildah --version')}, ${version('podman --version')}`,
    session: inside(dir),
    build: (context, tag, options) => `buildah ${store} build --layers ${noCache(options)} -t ${tag} ${context}`,
    run: (image) => `podman ${store} run --rm ${image} true`,
    images: `buildah ${store} images`,
    history: (image) => `podman ${store} history ${image}`,
    start: 'true',
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
