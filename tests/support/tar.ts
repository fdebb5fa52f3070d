/** A member of a tar, as the tests know it. Made apart from src/tar, so that the tests have a second opinion. */
export type Member = {
  /** Without a leading `./` or `/` and without a trailing slash. */
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since the epoch; fractions are cut off. */
  readonly mtime: number
  readonly xattrs: ReadonlyMap<string, Buffer>
} & (
  | { readonly kind: 'file'; readonly content: Buffer }
  | { readonly kind: 'dir' | 'fifo' }
  | { readonly kind: 'symlink' | 'link'; readonly target: string }
  | { readonly kind: 'char' | 'block'; readonly device: readonly [major: number, minor: number] }
)

const kinds = { '0': 'file', '1': 'link', '2': 'symlink', '3': 'char', '4': 'block', '5': 'dir', '6': 'fifo' } as const
const flags = Object.fromEntries(Object.entries(kinds).map(([flag, kind]) => [kind, flag])) as Record<
  Member['kind'],
  string
>
const block = 512
const padded = (size: number) => Math.ceil(size / block) * block

/** Reads ustar with PAX extensions and GNU's long names: what Docker, Strake and GNU tar write. */
export function readTar(tar: Buffer): Member[] {
  const members: Member[] = []
  let pax = new Map<string, Buffer>()
  let longName: string | undefined
  let longTarget: string | undefined
  for (let at = 0; at + block <= tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + block)
    const text = (start: number, length: number) => {
      const field = header.subarray(start, start + length)
      const end = field.indexOf(0)
      return field.toString('utf8', 0, end < 0 ? length : end)
    }
    const number = (start: number, length: number) => {
      if (header[start]! < 0x80) return Number.parseInt(text(start, length).trim() || '0', 8)
      // base 256, of GNU tar
      return header.subarray(start + 1, start + length).reduce((value, byte) => value * 256 + byte, 0)
    }
    const value = (key: string) => pax.get(key)?.toString()
    const flag = text(156, 1) || '0'
    const size = Number(value('size') ?? number(124, 12))
    const content = tar.subarray(at + block, at + block + size)
    at += block + padded(flag === '0' || flag > '6' ? size : 0)

    if (flag === 'x') pax = readPax(content)
    else if (flag === 'L') longName = content.toString().replace(/\0+$/, '')
    else if (flag === 'K') longTarget = content.toString().replace(/\0+$/, '')
    else if (flag !== 'g') {
      const kind = kinds[flag as keyof typeof kinds]
      if (!kind) throw new Error(`a tar member of type ${flag}`)
      const prefix = text(257, 5) === 'ustar' && text(263, 2) === '00' ? text(345, 155) : ''
      const path = value('path') ?? longName ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100))
      const base = {
        path: clean(path),
        mode: number(100, 8) & 0o7777,
        uid: Number(value('uid') ?? number(108, 8)),
        gid: Number(value('gid') ?? number(116, 8)),
        mtime: Math.floor(Number(value('mtime') ?? number(136, 12))),
        xattrs: new Map(
          [...pax].filter(([key]) => key.startsWith('SCHILY.xattr.')).map(([key, bytes]) => [key.slice(13), bytes]),
        ),
      }
      const target = value('linkpath') ?? longTarget ?? text(157, 100)
      if (kind === 'file') members.push({ ...base, kind, content })
      else if (kind === 'link') members.push({ ...base, kind, target: clean(target) })
      else if (kind === 'symlink') members.push({ ...base, kind, target })
      else if (kind === 'char' || kind === 'block')
        members.push({ ...base, kind, device: [number(329, 8), number(337, 8)] })
      else members.push({ ...base, kind })
      pax = new Map()
      longName = longTarget = undefined
    }
  }
  return members
}

function clean(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
}

/** Records are `LENGTH KEY=VALUE\n`; values may be binary. */
function readPax(content: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const end = at + Number(content.toString('latin1', at, space))
    const equals = content.indexOf(0x3d, space)
    records.set(content.toString('utf8', space + 1, equals), content.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

type Description = Partial<Pick<Member, 'mode' | 'uid' | 'gid' | 'mtime'>> & {
  readonly xattrs?: Readonly<Record<string, Buffer>>
}

/** Makes members in few words; the defaults are root's, of 2001-09-09 (1000000000). */
export const member = {
  file: (path: string, content: string | Buffer, more: Description = {}): Member => ({
    ...base(path, 0o644, more),
    kind: 'file',
    content: Buffer.from(content),
  }),
  dir: (path: string, more: Description = {}): Member => ({ ...base(path, 0o755, more), kind: 'dir' }),
  symlink: (path: string, target: string, more: Description = {}): Member => ({
    ...base(path, 0o777, more),
    kind: 'symlink',
    target,
  }),
  link: (path: string, target: string, more: Description = {}): Member => ({
    ...base(path, 0o644, more),
    kind: 'link',
    target,
  }),
}

function base(path: string, mode: number, { xattrs = {}, ...more }: Description) {
  return { path, mode, uid: 0, gid: 0, mtime: 1_000_000_000, ...more, xattrs: new Map(Object.entries(xattrs)) }
}

/** Writes members as a tar: ustar, and PAX for extended attributes. Paths must be shorter than 100 bytes. */
export function writeTar(members: readonly Member[]): Buffer {
  const parts: Buffer[] = []
  const add = (header: Buffer, content: Buffer) =>
    parts.push(header, content, Buffer.alloc(padded(content.length) - content.length))
  for (const member of members) {
    if (member.xattrs.size > 0) {
      const records = Buffer.concat([...member.xattrs].map(([name, bytes]) => paxRecord(`SCHILY.xattr.${name}`, bytes)))
      add(writeHeader('x', { ...member, path: 'pax' }, records.length), records)
    }
    const content = member.kind === 'file' ? member.content : Buffer.alloc(0)
    add(writeHeader(flags[member.kind], member, content.length), content)
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}

function paxRecord(key: string, bytes: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), bytes, Buffer.from('\n')])
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function writeHeader(flag: string, member: Member, size: number): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
  if (Buffer.byteLength(member.path) >= 100) throw new Error(`too long for a test's tar: ${member.path}`)
  header.write(member.kind === 'dir' ? `${member.path}/` : member.path)
  octal(member.mode, 100, 8)
  octal(member.uid, 108, 8)
  octal(member.gid, 116, 8)
  octal(size, 124, 12)
  octal(member.mtime, 136, 12)
  header.write('        ', 148, 'latin1')
  header.write(flag, 156, 'latin1')
  if (member.kind === 'symlink' || member.kind === 'link') header.write(member.target, 157)
  header.write('ustar\x0000', 257, 'latin1')
  if (member.kind === 'char' || member.kind === 'block') {
    octal(member.device[0], 329, 8)
    octal(member.device[1], 337, 8)
  }
  octal(
    header.reduce((sum, byte) => sum + byte),
    148,
    7,
  )
  return header
}
