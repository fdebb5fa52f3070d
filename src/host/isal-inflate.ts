import { openLibrary } from './sys.ts'

/** Inflates gzip members (RFC 1952) that follow each other. It keeps its state between calls: one for each stream. */
export interface Inflater {
  /** Takes from `input` and fills `output`, until one of them is used up or a member ends. Throws an `Error` that says what is wrong. */
  inflate(input: Uint8Array, output: Uint8Array): { readonly read: number; readonly written: number }
  /** Whether a member has ended. With `next`, another one begins. */
  readonly ended: boolean
  next(): void
}

/** struct inflate_state is 86 KiB; there is room for what a later version adds. */
const stateSize = 256 * 1024

/** Offsets in struct inflate_state (igzip_lib.h). */
const at = { nextOut: 0, availableOut: 8, nextIn: 16, availableIn: 32, blockState: 21160, crcFlag: 21172 } as const
/** ISAL_GZIP: header and trailer are read and checked. */
const gzip = 1
/** ISAL_BLOCK_FINISH. */
const finished = 5

/** What negative results mean. */
const problems: Readonly<Record<number, string>> = {
  [-1]: 'invalid block type',
  [-2]: 'invalid symbol',
  [-3]: 'invalid distance too far back',
  [-4]: 'incorrect header check',
  [-5]: 'unknown compression method',
  [-6]: 'incorrect data check',
}

type Open = () => Inflater

let found: { readonly open: Open | undefined } | undefined

/** Intel's ISA-L, where its library is installed: inflates several times as fast as zlib. */
export function isalInflater(): Inflater | undefined {
  found ??= { open: load() }
  return found.open?.()
}

function load(): Open | undefined {
  const library = openLibrary('libisal.so.2')
  if (!library) return undefined
  const { load, address } = library
  const init = load('void isal_inflate_init(void *)')
  const run = load('int isal_inflate(void *)')
  const open = () => {
    const state = Buffer.alloc(stateSize)
    const next = () => {
      init(state)
      state.writeUInt32LE(gzip, at.crcFlag)
    }
    next()
    return {
      inflate(input: Uint8Array, output: Uint8Array) {
        state.writeBigUInt64LE(address(input), at.nextIn)
        state.writeUInt32LE(input.length, at.availableIn)
        state.writeBigUInt64LE(address(output), at.nextOut)
        state.writeUInt32LE(output.length, at.availableOut)
        const result = run(state)
        if (result < 0) throw new Error(problems[result] ?? `isal_inflate failed: ${result}`)
        return {
          read: input.length - state.readUInt32LE(at.availableIn),
          written: output.length - state.readUInt32LE(at.availableOut),
        }
      },
      get ended() {
        return state.readUInt32LE(at.blockState) === finished
      },
      next,
    }
  }
  return isAsKnown(open()) ? open : undefined
}

/** A member with one stored byte, `x`. */
const sample = Buffer.from('H4sIAAAAAAAAA6sAAIMW3IwBAAAA', 'base64')

/** The offsets are not part of the library's promises: what it does is looked at before it is believed. */
function isAsKnown(inflater: Inflater): boolean {
  const output = new Uint8Array(16)
  try {
    const { read, written } = inflater.inflate(sample, output)
    return inflater.ended && read === sample.length && written === 1 && output[0] === 0x78
  } catch {
    return false
  }
}
