/**
 * A program for arm64 that says "hello". The padding of its header has `mark` (two bytes), by which a handler of binfmt_misc can tell it
 * from all other programs.
 */
export function foreignProgram(mark: string): Buffer {
  const text = Buffer.from('hello\n')
  // mov x0, 1; adr x1, text; mov x2, 6; mov x8, write; svc 0; mov x0, 0; mov x8, exit; svc 0
  const code = [0xd2800020, 0x100000e1, 0xd28000c2, 0xd2800808, 0xd4000001, 0xd2800000, 0xd2800ba8, 0xd4000001]
  const size = 120 + code.length * 4 + text.length
  const file = Buffer.alloc(size)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
  file.write(mark, 9, 2, 'latin1')
  file.writeUInt16LE(2, 16) // ET_EXEC
  file.writeUInt16LE(183, 18) // EM_AARCH64
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(0x400078n, 24)
  file.writeBigUInt64LE(64n, 32)
  for (const [i, value] of [64, 56, 1, 64].entries()) file.writeUInt16LE(value, 52 + 2 * i)
  file.writeUInt32LE(1, 64) // PT_LOAD
  file.writeUInt32LE(5, 68)
  file.writeBigUInt64LE(0x400000n, 80)
  file.writeBigUInt64LE(0x400000n, 88)
  for (const at of [96, 104]) file.writeBigUInt64LE(BigInt(size), at)
  file.writeBigUInt64LE(0x10000n, 112)
  for (const [i, word] of code.entries()) file.writeUInt32LE(word, 120 + 4 * i)
  file.set(text, 120 + code.length * 4)
  return file
}
