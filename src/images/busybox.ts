import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { execChecked } from '../host/mod.ts'
import { type LayerEntry, writeLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { parseReference } from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { createBase } from './import.ts'
import type { BootstrapOptions, Image, Images } from './types.ts'

const programs = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static']

/** The path of this machine's BusyBox. Throws `unavailable` where there is none that is linked statically. */
export function staticBusybox(): string {
  const program = programs.find((path) => existsSync(path) && isStatic(path))
  if (program) return program
  throw new StrakeError('unavailable', 'no statically linked BusyBox on this machine', {
    hint: 'Install it: apt-get install busybox-static',
  })
}

/**
 * A base of this machine's BusyBox: `bin` with its applets, which are hard links as in docker's image, and the few files
 * that programs expect. The same BusyBox always gives the same image.
 * Throws `unavailable` where there is none that is linked statically.
 */
export async function bootstrapBusybox(store: Store, images: Images, options: BootstrapOptions): Promise<Image> {
  const program = staticBusybox()
  const applets = (await execChecked(program, ['--list'], { signal: options.signal })).split('\n').filter(Boolean)
  const { mtimeMs, size } = statSync(program)
  const created = new Date(Math.floor(mtimeMs / 1000) * 1000)
  using lease = store.lease('bootstrap busybox')
  const { id, dir } = store.snapshots.prepare(undefined, lease)
  store.snapshots.commit(id, await writeLayer(dir, tree({ program, size, applets, created }), options))
  const image = createBase(
    images,
    id,
    {
      created,
      createdBy: 'strake bootstrap busybox',
      config: {
        Cmd: ['sh'],
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Labels: { 'io.strake.bootstrap.distribution': 'busybox', 'io.strake.bootstrap.tool': 'busybox' },
      },
    },
    lease,
  )
  for (const tag of options.tags ?? ['busybox']) images.tag(image, parseReference(tag))
  return images.get(image.id)
}

const directories: readonly [path: string, mode: number][] = [
  ['bin', 0o755],
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['proc', 0o755],
  ['root', 0o700],
  ['sys', 0o755],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['usr/bin', 0o755],
  ['var', 0o755],
  ['var/tmp', 0o1777],
]

const files: Readonly<Record<string, string>> = {
  'etc/group': 'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n',
  'etc/hostname': '',
  'etc/hosts': '',
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\n' +
    'daemon:x:1:1:daemon:/usr/sbin:/bin/false\n' +
    'www-data:x:33:33:www-data:/var/www:/bin/false\n' +
    'nobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/resolv.conf': '',
}

function tree(of: { program: string; size: number; applets: readonly string[]; created: Date }): LayerEntry[] {
  const base = { uid: 0, gid: 0, mtime: BigInt(of.created.getTime()) * 1_000_000n }
  const entries: LayerEntry[] = directories.map(([path, mode]) => ({ ...base, path, mode, kind: 'directory' }))
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text)
    entries.push({ ...base, path, mode: 0o644, kind: 'file', size: bytes.length, source: { kind: 'bytes', bytes } })
  }
  const names = [...new Set([...of.applets, 'busybox'])].map((name) => `bin/${name}`).sort()
  const [first, ...others] = names
  const source = { kind: 'path', path: of.program } as const
  entries.push({ ...base, path: first!, mode: 0o755, kind: 'file', size: of.size, source })
  for (const path of others) entries.push({ ...base, path, mode: 0o755, kind: 'link', target: first! })
  entries.push({ ...base, path: 'usr/bin/env', mode: 0o777, kind: 'symlink', target: '../../bin/env' })
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Whether a program names no interpreter, that is dynamic linker, in its program headers (elf(5), PT_INTERP). */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(4096)
  const fd = openSync(path, 'r')
  try {
    readSync(fd, head, 0, head.length, 0)
  } finally {
    closeSync(fd)
  }
  const is64 = head[4] === 2
  if (head.readUInt32BE(0) !== 0x7f454c46 || head[5] !== 1) return false
  const start = is64 ? Number(head.readBigUInt64LE(32)) : head.readUInt32LE(28)
  const entry = head.readUInt16LE(is64 ? 54 : 42)
  const count = head.readUInt16LE(is64 ? 56 : 44)
  if (start + entry * count > head.length) return false
  for (let i = 0; i < count; i++) if (head.readUInt32LE(start + i * entry) === 3) return false
  return true
}
