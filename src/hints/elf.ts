/** What an ELF file says about where it can run. */
export interface Elf {
  /** In GOARCH's words. Undefined for machines without one here. */
  readonly architecture: string | undefined
  /** The dynamic loader it asks for. Undefined when it is linked statically. */
  readonly loader: string | undefined
}

/** `e_machine` of the ELF header. */
const machines: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

const PT_INTERP = 3

/** Reads the header of an ELF file (gABI, chapters 4 and 5). Undefined when it is none. */
export function readElf(bytes: Uint8Array): Elf | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 20 || view.getUint32(0) !== 0x7f454c46) return undefined
  const little = bytes[5] !== 2
  const architecture = machines[view.getUint16(18, little)]
  return { architecture, loader: loader(view, little) }
}

/** Undefined also where the headers lead out of the file. */
function loader(view: DataView, little: boolean): string | undefined {
  const wide = view.getUint8(4) === 2
  try {
    const word = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little))
    const table = word(wide ? 32 : 28)
    const size = view.getUint16(wide ? 54 : 42, little)
    const count = view.getUint16(wide ? 56 : 44, little)
    for (let i = 0; i < count; i++) {
      const at = table + i * size
      if (view.getUint32(at, little) !== PT_INTERP) continue
      const start = word(at + (wide ? 8 : 4))
      const length = word(at + (wide ? 32 : 16))
      const path = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).subarray(start, start + length)
      return new TextDecoder().decode(path).replace(/\0.*$/s, '')
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return undefined
}
