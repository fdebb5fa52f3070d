import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { writeArchive } from '../support/archive.ts'
import { busyboxRoot } from '../support/busybox.ts'
import { member, writeTar } from '../support/tar.ts'

/** What the cases are built from, as files for `docker load`: `conformance/base:1` and `conformance/onbuild:1`. */
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
    history: [{ created: '2001-09-09T01:46:40Z', created_by: 'the base' }],
  }
  const OnBuild = ['RUN echo   triggered > /tmp/trigger', 'COPY a.txt /from-trigger', 'ENV TRIGGER=1']
  const onbuild = {
    config: { Env, Cmd: ['sh'], Entrypoint: ['/bin/base'], OnBuild, WorkingDir: '/home' },
    history: base.history,
  }
  const write = (name: string, archive: Buffer) => {
    const path = join(dir, name)
    writeFileSync(path, archive)
    return path
  }
  return [
    write('base.tar', writeArchive('conformance/base:1', { config: base, layers: [root] })),
    write('onbuild.tar', writeArchive('conformance/onbuild:1', { config: onbuild, layers: [busyboxRoot()] })),
  ]
}

/** vfs_cap_data, version 2: cap_net_raw, permitted and effective. */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex')

/** The build context of all cases: every kind of file that a COPY may meet, always the same, mtimes included. */
export function writeContext(dir: string): void {
  const made: string[] = []
  const file = (path: string, content: string | Buffer, mode = 0o644) => {
    writeFileSync(join(dir, path), content)
    chmodSync(join(dir, path), mode)
    made.push(path)
  }
  const folder = (path: string, mode = 0o755) => {
    mkdirSync(join(dir, path))
    chmodSync(join(dir, path), mode)
    made.push(path)
  }
  const symlink = (path: string, target: string) => {
    symlinkSync(target, join(dir, path))
    made.push(path)
  }

  file('a.txt', 'a\n')
  file('b.txt', 'bb\n', 0o600)
  file('c.md', 'ccc\n')
  file('[x].txt', 'brackets\n')
  file('with space', 'space\n')
  file('run.sh', '#!/bin/sh\necho hi\n', 0o755)
  file('setuid', 'setuid\n', 0o4755)
  file('empty', '')
  file('sparse', Buffer.concat([Buffer.alloc(1 << 20), Buffer.from('end')]))
  symlink('link', 'a.txt')
  symlink('link-to-dir', 'dir')
  folder('dir')
  file('dir/one', '1\n')
  file('dir/two', '2\n', 0o640)
  linkSync(join(dir, 'dir/two'), join(dir, 'dir/two-again'))
  symlink('dir/relative', 'one')
  symlink('dir/dangling', '../nowhere')
  symlink('dir/absolute', '/etc/passwd')
  folder('dir/sub', 0o711)
  file('dir/sub/deep', 'deep\n')
  folder('dir/empty', 0o700)
  folder('dir/sticky', 0o3777)
  folder('have')
  folder('have/sub', 0o755)
  file('have/sub/new', 'new\n')
  const long = `${'long-'.repeat(30)}name`
  folder(long)
  file(`${long}/${long}`, 'long\n')
  folder('web')
  for (const path of ['web/index.html', 'web/app.js', 'web/app.test.js', 'web/README.md']) file(path, `${path}\n`)
  folder('web/node_modules')
  file('web/node_modules/module.js', 'module\n')

  const tar = writeTar([
    member.dir('packed', { mode: 0o750, uid: 5, gid: 6, mtime: 1_100_000_000 }),
    member.file('packed/file', 'packed\n', { mode: 0o4711, uid: 5, gid: 6, mtime: 1_100_000_001 }),
    member.link('packed/hard', 'packed/file', { mode: 0o4711, uid: 5, gid: 6, mtime: 1_100_000_001 }),
    member.symlink('packed/soft', 'file', { mtime: 1_100_000_002 }),
    member.file('not/named/parents', 'x\n', { mtime: 1_100_000_003 }),
    member.file('packed/capable', 'c\n', { mode: 0o755, xattrs: { 'security.capability': netRaw } }),
    member.file('have/kept', 'over\n', { mode: 0o600 }),
  ])
  file('packed.tar', tar)
  file('packed.tar.gz', gzipSync(tar))
  file('packed.zst', zstdCompressSync(tar))
  file('not-a-tar.tar', 'just text\n')
  file('text.gz', gzipSync('not a tar\n'))

  // children first: making them changes their parents
  made.push('')
  for (const path of made.sort().reverse()) {
    const at = 1_500_000_000 + path.length + 0.123
    lutimesSync(join(dir, path), at, at)
  }
}
