import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeArchive } from './archive.ts'
import { type Member, member } from './tar.ts'

const path = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim()

/** The program itself: linked statically, as the Debian package busybox-static has it. */
export const busybox = readFileSync(path)

/** A small root file system: busybox with all its commands, a few users, and what a real base has in /etc. */
export function busyboxRoot(): Member[] {
  const commands = execFileSync(path, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  const empty = ['etc/hostname', 'etc/hosts', 'etc/resolv.conf']
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin'].map((dir) => member.dir(dir)),
    member.dir('root', { mode: 0o700 }),
    member.dir('tmp', { mode: 0o1777 }),
    member.file('bin/busybox', busybox, { mode: 0o755 }),
    ...commands.filter((name) => name !== 'busybox').map((name) => member.symlink(`bin/${name}`, 'busybox')),
    member.symlink('usr/bin/env', '../../bin/busybox'),
    member.file(
      'etc/passwd',
      [
        'root:x:0:0:root:/root:/bin/sh',
        'app:x:1000:1001:app:/home/app:/bin/sh',
        'nobody:x:65534:65534:nobody:/:/bin/false',
        '',
      ].join('\n'),
    ),
    member.file('etc/group', ['root:x:0:', 'staff:x:1001:', 'extra:x:2000:app', 'nogroup:x:65534:', ''].join('\n')),
    ...empty.map((path) => member.file(path, '')),
  ]
}

/** A docker archive of a busybox image called `name`. */
export function busyboxArchive(name = 'busybox:latest'): Buffer {
  return writeArchive(name, {
    config: {
      config: { Env: ['PATH=/bin:/usr/bin'], Cmd: ['sh'] },
      history: [{ created: '2001-09-09T01:46:40Z', created_by: 'busybox' }],
    },
    layers: [busyboxRoot()],
  })
}
