import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sys } from '../../src/host/mod.ts'
import { archives, netRaw } from './archives.ts'

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
  folder('names')
  for (const name of [
    'plain',
    '!bang',
    '#hash',
    ' lead',
    'trail ',
    'a\\b',
    '[s]',
    'ünï',
    '.hidden',
    '-dash',
    'q\'u"o',
  ]) {
    file(`names/${name}`, `${name}\n`)
  }
  folder('names/.hidden.d')
  file('names/.hidden.d/x.log', 'x\n')
  folder('names/deep')
  folder('names/deep/deep')
  file('names/deep/deep/x.log', 'y\n')
  folder('special')
  sys.mknod(join(dir, 'special/pipe'), 0o10640, { major: 0, minor: 0 })
  made.push('special/pipe')
  sys.mknod(join(dir, 'special/null'), 0o20666, { major: 1, minor: 3 })
  made.push('special/null')
  file('special/attributes', 'attributes\n')
  sys.lsetxattr(join(dir, 'special/attributes'), Buffer.from('user.note'), Buffer.from('value'))
  sys.lsetxattr(join(dir, 'special/attributes'), Buffer.from('security.capability'), netRaw)
  const long = `${'long-'.repeat(30)}name`
  folder(long)
  file(`${long}/${long}`, 'long\n')
  folder('web')
  for (const path of ['web/index.html', 'web/app.js', 'web/app.test.js', 'web/README.md']) file(path, `${path}\n`)
  folder('web/node_modules')
  file('web/node_modules/module.js', 'module\n')

  for (const [name, bytes] of Object.entries(archives)) file(name, bytes())
  symlink('link-to-packed', 'packed.tar')

  // children first: making them changes their parents
  made.push('')
  for (const path of made.sort().reverse()) {
    const at = 1_500_000_000 + path.length + 0.123
    lutimesSync(join(dir, path), at, at)
  }
}
