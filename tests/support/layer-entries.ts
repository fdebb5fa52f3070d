import fc from 'fast-check'
import type { LayerEntry } from '../../src/layers/mod.ts'

const name = fc.oneof(
  fc.constantFrom('a', 'a-b', 'b', 'c', '\xff\xfe', 'caf\xc3\xa9', ' ', '.x', 'n'.repeat(120)),
  fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)), minLength: 1, maxLength: 12 }),
)
const path = fc
  .array(name, { minLength: 1, maxLength: 5 })
  .map((names) => names.map((n) => n.replaceAll('/', '_')).map((n) => (n === '.' || n === '..' ? '_' : n)))

const metadata = fc.record({
  mode: fc.oneof(fc.constantFrom(0o644, 0o755, 0o4755, 0o1777, 0, 0o666), fc.nat(0o7777)),
  uid: fc.constantFrom(0, 1, 1000, 3_000_000),
  gid: fc.constantFrom(0, 1, 1000, 3_000_000),
  mtime: fc.oneof(
    fc.bigInt(0n, 4_000_000_000_000_000_000n),
    fc.bigInt(0n, 4_000_000_000n).map((s) => s * 1_000_000_000n),
    fc.bigInt(-2_000_000_000_000_000_000n, 0n),
  ),
})
const xattrs = fc.option(
  fc
    .array(
      fc.tuple(
        fc.constantFrom('user.a', 'user.b=c', 'trusted.t', 'user.caf\xc3\xa9'),
        fc.uint8Array({ maxLength: 100 }),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((list): ReadonlyMap<string, Uint8Array> => new Map(list)),
  { nil: undefined, freq: 5 },
)
const capability = new Map([['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')]])

type Kind = {
  [K in LayerEntry['kind']]: Omit<LayerEntry & { kind: K }, 'path' | 'mode' | 'uid' | 'gid' | 'mtime'>
}[LayerEntry['kind']]

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.uint8Array({ maxLength: 2000 }), xattrs).map(([bytes, x]) => file(bytes, x)) },
  { weight: 2, arbitrary: xattrs.map((x) => ({ kind: 'directory' as const, ...(x && { xattrs: x }) })) },
  fc.constant(file(Buffer.from('#!'), capability)),
  fc.string({ minLength: 1, maxLength: 150 }).map((text) => ({
    kind: 'symlink' as const,
    target: Buffer.from(text.replaceAll('\0', '_')).toString('latin1'),
  })),
  fc.constant({ kind: 'link' as const, target: '' }),
  fc.constantFrom(
    { kind: 'fifo' as const },
    { kind: 'device' as const, type: 'char' as const, major: 1, minor: 3 },
    { kind: 'device' as const, type: 'block' as const, major: 259, minor: 100_000 },
  ),
)

function file(bytes: Uint8Array, x: ReadonlyMap<string, Uint8Array> | undefined): Kind {
  return { kind: 'file', size: bytes.length, source: { kind: 'bytes', bytes }, ...(x && { xattrs: x }) }
}

/** Entries of a random layer, in order. */
export const layerEntries: fc.Arbitrary<LayerEntry[]> = fc
  .array(fc.tuple(path, metadata, kind), { maxLength: 30 })
  .map((items) => {
    const found = new Map<string, LayerEntry>()
    for (const [names, meta, what] of items) {
      let parent = ''
      let possible = true
      for (const part of names.slice(0, -1)) {
        parent = parent ? `${parent}/${part}` : part
        if (!found.has(parent)) found.set(parent, { path: parent, ...meta, kind: 'directory' })
        possible = found.get(parent)!.kind === 'directory'
        if (!possible) break
      }
      const full = names.join('/')
      if (possible && !found.has(full)) found.set(full, { path: full, ...meta, ...what } as LayerEntry)
    }
    const sorted = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    const first = sorted.find((entry) => entry.kind === 'file')
    return sorted
      .filter((entry) => entry.kind !== 'link' || (first && first.path < entry.path))
      .map((entry) => (entry.kind === 'link' ? { ...entry, target: first!.path } : entry))
  })
