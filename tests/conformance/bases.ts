import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeArchive } from '../support/archive.ts'
import { busyboxRoot } from '../support/busybox.ts'
import { member } from '../support/tar.ts'
import { netRaw } from './archives.ts'

/** By the history's first entry one knows what was built on one of the bases. */
export const baseHistory = { created: '2001-09-09T01:46:40Z', created_by: 'the base' }

/** The images that cases are built from: `conformance/base:1`, … */
export const bases = ['base', 'onbuild', 'full', 'bare', 'onbuild-from'] as const

/** Writes the bases as files for `docker load`. */
export function writeBases(dir: string): string[] {
  const Env = ['PATH=/bin:/usr/bin', 'FROM_BASE=yes']
  const root = [
    ...busyboxRoot(),
    member.dir('have', { mode: 0o750, uid: 7, gid: 8 }),
    member.dir('have/sub', { mode: 0o700, uid: 7, gid: 8 }),
    member.file('have/sub/old', 'old', { mode: 0o600 }),
    member.file('have/kept', 'kept', { uid: 1000, gid: 1001 }),
    member.link('have/linked', 'have/kept', { uid: 1000, gid: 1001 }),
    member.file('have/setuid', 'setuid', { mode: 0o4755 }),
    member.file('have/capable', 'capable', { mode: 0o755, xattrs: { 'security.capability': netRaw } }),
    member.symlink('to-have', 'have'),
    member.symlink('to-nothing', '/have/made-by-copy'),
  ]
  const base = {
    config: {
      Env,
      Cmd: ['sh'],
      Labels: { from: 'base', over: 'base' },
      ExposedPorts: { '1/tcp': {} },
      Volumes: { '/base': {} },
    },
    history: [baseHistory],
  }
  const OnBuild = ['RUN echo   triggered > /tmp/trigger', 'COPY a.txt /from-trigger', 'ENV TRIGGER=1']
  const onbuild = {
    config: { Env, Cmd: ['sh'], Entrypoint: ['/bin/base'], OnBuild, WorkingDir: '/home' },
    history: base.history,
  }
  const full = {
    config: {
      User: 'app',
      Env: [...Env, 'PATH=/usr/bin', 'EMPTY='],
      Cmd: ['full'],
      Entrypoint: ['/bin/sh', '-c'],
      WorkingDir: '/have/sub',
      StopSignal: 'SIGINT',
      ArgsEscaped: true,
      Shell: ['/bin/sh', '-e', '-c'],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000, Retries: 2 },
      Labels: {},
    },
    author: 'The Author',
    history: base.history,
  }
  const refused = { config: { OnBuild: ['FROM scratch'] }, history: base.history }
  const images: Record<(typeof bases)[number], Image> = {
    base: { config: base, layers: [root] },
    onbuild: { config: onbuild, layers: [busyboxRoot()] },
    full: { config: full, layers: [root] },
    bare: { config: { history: base.history }, layers: [busyboxRoot()] },
    'onbuild-from': { config: refused, layers: [busyboxRoot()] },
  }
  return bases.map((name) => {
    const path = join(dir, `${name}.tar`)
    writeFileSync(path, writeArchive(`conformance/${name}:1`, images[name]))
    return path
  })
}

type Image = Parameters<typeof writeArchive>[1]
