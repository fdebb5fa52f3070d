import { readSync } from 'node:fs'
import { posix } from 'node:path'
import type { ProcessOptions } from './types.ts'
import { withFile } from './users.ts'

/** EM_X86_64 and EM_AARCH64 (elf(5)), by what Node.js calls the machine. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }
const PT_INTERP = 3
/** Any program has its headers and the name of its interpreter in there. */
const headSize = 4096

/**
 * Whether the kernel will take a process' program: one of this machine, with the interpreter that it names, or a script
 * with such an interpreter. False also where that can't be told from the files of the image: the program is in a volume, is to be
 * run by an emulator, ….
 */
export function isExecutable(
  rootfs: string,
  { args, env, cwd }: Pick<ProcessOptions, 'args' | 'env' | 'cwd'>,
): boolean {
  const [program = ''] = args
  const folders = env.find((pair) => pair.startsWith('PATH='))?.slice('PATH='.length) ?? ''
  const paths = program.includes('/') ? [program] : folders.split(':').map((folder) => posix.join(folder, program))
  for (const path of paths) {
    const head = headOf(rootfs, posix.resolve('/', cwd, path))
    if (!head) continue
    const [, interpreter] = /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString('latin1')) ?? []
    const binary = interpreter === undefined ? head : headOf(rootfs, posix.resolve('/', cwd, interpreter))
    return binary !== undefined && isBinary(rootfs, binary)
  }
  return false
}

/** The beginning of a file that everyone may execute. */
function headOf(rootfs: string, path: string): Buffer | undefined {
  return withFile(rootfs, path, (fd, { mode }) => {
    if ((mode & 0o111) !== 0o111) return undefined
    const head = Buffer.alloc(headSize)
    return head.subarray(0, readSync(fd, head, 0, headSize, 0))
  })
}

/** Whether it is a 64-bit program of this machine (Elf64_Ehdr, Elf64_Phdr) whose interpreter is there. */
function isBinary(rootfs: string, head: Buffer): boolean {
  if (head.length < 64 || head.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return false
  if (head.readUInt16LE(18) !== machines[process.arch]) return false
  const start = Number(head.readBigUInt64LE(32))
  const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)]
  if (size < 56 || start + size * count > head.length) return false
  for (let at = start; at < start + size * count; at += size) {
    if (head.readUInt32LE(at) !== PT_INTERP) continue
    const [offset, length] = [Number(head.readBigUInt64LE(at + 8)), Number(head.readBigUInt64LE(at + 32))]
    if (offset + length > head.length) return false
    const interpreter = headOf(rootfs, head.toString('utf8', offset, offset + length - 1))
    return interpreter?.toString('latin1', 0, 4) === '\x7fELF'
  }
  return true
}
