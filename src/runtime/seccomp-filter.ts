import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { sys } from '../host/mod.ts'
import { errno } from '../lib/mod.ts'
import { runDirectory } from './run-directory.ts'
import type { Rule, Seccomp } from './seccomp.ts'

/** linux/seccomp.h */
const SECCOMP_RET_ALLOW = 0x7fff0000
const SECCOMP_RET_ERRNO = 0x00050000
const ENOSYS = 38
/** Marks the calls of x32, which have the architecture of x86_64. */
const X32_SYSCALL_BIT = 0x40000000

/** linux/bpf_common.h and linux/filter.h */
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_GREATER = 0x25
const JUMP_SET = 0x45
const RETURN = 0x06

/** Offsets in struct seccomp_data. */
const at = { number: 0, architecture: 4 }

/** enum scmp_compare of libseccomp. */
const comparisons: Readonly<Record<string, number>> = { SCMP_CMP_NE: 1, SCMP_CMP_EQ: 4, SCMP_CMP_MASKED_EQ: 7 }

/**
 * A profile as the program that the kernel runs (an array of struct sock_filter), as runc makes it: with libseccomp, and before
 * that, calls that are newer than all that the profile names fail with ENOSYS, so that a libc takes an older one instead.
 * Undefined without libseccomp. Making it takes some milliseconds, so that it is kept until the machine is started anew.
 */
export function seccompFilter(profile: Seccomp): Buffer | undefined {
  const directory = join(runDirectory(), 'seccomp')
  const name = createHash('sha256').update(JSON.stringify(profile)).digest('hex')
  const path = join(directory, name)
  const known = read(path)
  if (known) return known
  const library = libseccomp()
  if (!library) return undefined
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const growing = `${path}.${process.pid}`
  try {
    const fd = openSync(growing, 'w', 0o600)
    try {
      writeSync(fd, newerCalls(library, profile))
      compile(library, profile, fd)
    } finally {
      closeSync(fd)
    }
    renameSync(growing, path)
  } finally {
    rmSync(growing, { force: true })
  }
  return readFileSync(path)
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}

type Library = NonNullable<ReturnType<typeof libseccomp>>

function libseccomp() {
  const load = sys.openLibrary('libseccomp.so.2')?.load
  if (!load) return undefined
  return {
    init: load('void *seccomp_init(uint32_t action)') as (action: number) => unknown,
    release: load('void seccomp_release(void *filter)'),
    architecture: load('uint32_t seccomp_arch_resolve_name(const char *name)'),
    addArchitecture: load('int seccomp_arch_add(void *filter, uint32_t architecture)'),
    /** Negative where there is no such call. */
    call: load('int seccomp_syscall_resolve_name(const char *name)'),
    callOf: load('int seccomp_syscall_resolve_name_arch(uint32_t architecture, const char *name)'),
    addRule: load(
      'int seccomp_rule_add_array(void *filter, uint32_t action, int call, unsigned int count, const void *args)',
    ),
    export: load('int seccomp_export_bpf(void *filter, int fd)'),
  }
}

const EEXIST = 17
/** What libseccomp gives for names that it does not know. */
const unknown = -1

function compile(library: Library, profile: Seccomp, fd: number): void {
  const check = (result: number, what: string) => {
    if (result < 0) throw new Error(`libseccomp: ${what} failed with ${result}`)
  }
  const filter = library.init(SECCOMP_RET_ERRNO | profile.defaultErrnoRet)
  if (!filter) throw new Error('libseccomp: seccomp_init failed')
  try {
    for (const architecture of architecturesOf(library, profile)) {
      const result = library.addArchitecture(filter, architecture)
      // The machine's own one is there from the start.
      if (result !== -EEXIST) check(result, 'seccomp_arch_add')
    }
    for (const rule of profile.syscalls) {
      const args = argumentsOf(rule)
      for (const name of rule.names) {
        const call = library.call(name)
        if (call === unknown) continue
        check(library.addRule(filter, actionOf(rule), call, rule.args?.length ?? 0, args), name)
      }
    }
    check(library.export(filter, fd), 'seccomp_export_bpf')
  } finally {
    library.release(filter)
  }
}

function architecturesOf(library: Library, { architectures }: Seccomp): number[] {
  return architectures.map((name) => library.architecture(name.replace('SCMP_ARCH_', '').toLowerCase()))
}

function actionOf({ action, errnoRet = 0 }: Rule): number {
  return action === 'SCMP_ACT_ALLOW' ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | errnoRet
}

/** An array of struct scmp_arg_cmp. For a comparison under a mask the value is the mask, and what is compared with is 0. */
function argumentsOf({ args = [] }: Rule): Buffer {
  const bytes = Buffer.alloc(24 * args.length)
  for (const [i, { index, value, op }] of args.entries()) {
    bytes.writeUInt32LE(index, 24 * i)
    bytes.writeUInt32LE(comparisons[op]!, 24 * i + 4)
    bytes.writeBigUInt64LE(BigInt(value), 24 * i + 8)
  }
  return bytes
}

/** The part that stands first: ENOSYS for calls that are beyond the last one that the profile names. */
function newerCalls(library: Library, profile: Seccomp): Buffer {
  const names = profile.syscalls.flatMap((rule) => rule.names)
  const parts = architecturesOf(library, profile).map((architecture) => {
    const last = Math.max(...names.map((name) => library.callOf(architecture, name)))
    return [
      [LOAD, 0, 0, at.architecture],
      [JUMP_EQUAL, 0, 4, architecture],
      [LOAD, 0, 0, at.number],
      // Calls of x32, which are greater than all, are for the profile.
      [JUMP_SET, 2, 0, X32_SYSCALL_BIT],
      [JUMP_GREATER, 0, 1, last],
      [RETURN, 0, 0, SECCOMP_RET_ERRNO | ENOSYS],
    ] as const
  })
  const instructions = parts.flat()
  const bytes = Buffer.alloc(8 * instructions.length)
  for (const [i, [code, jumpTrue, jumpFalse, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, 8 * i)
    bytes.writeUInt8(jumpTrue, 8 * i + 2)
    bytes.writeUInt8(jumpFalse, 8 * i + 3)
    bytes.writeUInt32LE(value >>> 0, 8 * i + 4)
  }
  return bytes
}
