import { call } from './sys.ts'

/** struct termios of glibc: four words of flags first (input, output, control, local), then the control characters. */
const termiosSize = 60
const controlCharacters = 17
const TCSADRAIN = 1

const flags = {
  // IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON
  input: 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000,
  // OPOST
  output: 0o1,
  // CSIZE PARENB
  control: 0o60 | 0o400,
  // ISIG ICANON ECHO ECHONL IEXTEN
  local: 0o1 | 0o2 | 0o10 | 0o100 | 0o100000,
}
const CS8 = 0o60
const VTIME = 5
const VMIN = 6

/**
 * Makes a terminal pass every byte through in both directions, as cfmakeraw(3) does, until it is disposed. Node's own raw
 * mode still turns each line feed that is printed into two characters.
 */
export function rawTerminal(fd: number): Disposable {
  const before = Buffer.alloc(termiosSize)
  call('tcgetattr', 'terminal', fd, before)
  const raw = Buffer.from(before)
  const clear = (offset: number, mask: number) => raw.writeUInt32LE((raw.readUInt32LE(offset) & ~mask) >>> 0, offset)
  clear(0, flags.input)
  clear(4, flags.output)
  clear(8, flags.control)
  raw.writeUInt32LE((raw.readUInt32LE(8) | CS8) >>> 0, 8)
  clear(12, flags.local)
  raw[controlCharacters + VTIME] = 0
  raw[controlCharacters + VMIN] = 1
  call('tcsetattr', 'terminal', fd, TCSADRAIN, raw)
  const restore = () => void call('tcsetattr', 'terminal', fd, TCSADRAIN, before)
  process.once('exit', restore)
  return {
    [Symbol.dispose]() {
      process.off('exit', restore)
      restore()
    },
  }
}
