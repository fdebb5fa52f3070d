import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundingSet } from './capabilities.ts'
import { defaultSeccomp } from './seccomp.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { asRoot } from './testing.ts'

/** linux/audit.h */
const X86_64 = 0xc000003e
const I386 = 0x40000003
const [ALLOW, EPERM, ENOSYS, KILL] = [0x7fff0000, 0x00050001, 0x00050026, 0]

/** What the kernel makes of a call: runs the program on a struct seccomp_data. */
function verdict(filter: Buffer, architecture: number, number: number, argument = 0n): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(number, 0)
  data.writeUInt32LE(architecture, 4)
  data.writeBigUInt64LE(argument, 16)
  let accumulator = 0
  for (let at = 0; ; at++) {
    const [code, value] = [filter.readUInt16LE(8 * at), filter.readUInt32LE(8 * at + 4)]
    const jump = (condition: boolean) => {
      at += filter.readUInt8(8 * at + (condition ? 2 : 3))
    }
    if (code === 0x20) accumulator = data.readUInt32LE(value)
    else if (code === 0x54) accumulator = (accumulator & value) >>> 0
    else if (code === 0x05) at += value
    else if (code === 0x15) jump(accumulator === value)
    else if (code === 0x25) jump(accumulator > value)
    else if (code === 0x35) jump(accumulator >= value)
    else if (code === 0x45) jump((accumulator & value) !== 0)
    else if (code === 0x06) return value
    else assert.fail(`unknown instruction ${code}`)
  }
}

test('a compiled profile tells the same as the profile, and new calls from forbidden ones', asRoot, (t) => {
  const filter = seccompFilter(defaultSeccomp('amd64', boundingSet({})))
  if (!filter || process.arch !== 'x64') return t.skip('needs libseccomp, on x86-64')
  const cases: [string, number, number, number, bigint?][] = [
    ['read', X86_64, 0, ALLOW],
    ['mount', X86_64, 165, EPERM],
    ['socket(AF_INET)', X86_64, 41, ALLOW, 2n],
    ['socket(AF_VSOCK)', X86_64, 41, EPERM, 40n],
    ['personality(0xffffffff)', X86_64, 135, ALLOW, 0xffffffffn],
    ['personality(1)', X86_64, 135, EPERM, 1n],
    ['clone(SIGCHLD)', X86_64, 56, ALLOW, 17n],
    ['clone(CLONE_NEWUSER)', X86_64, 56, EPERM, 0x10000000n],
    ['clone3', X86_64, 435, ENOSYS],
    ['a call of the future', X86_64, 999, ENOSYS],
    ['read of x32', X86_64, 0x40000000, KILL],
    ['read of i386', I386, 3, ALLOW],
    ['mount of i386', I386, 21, EPERM],
    ['a call of the future of i386', I386, 999, ENOSYS],
    ['read of another machine', 0xc00000b7, 63, KILL],
  ]
  for (const [name, architecture, number, expected, argument] of cases) {
    assert.equal(verdict(filter, architecture, number, argument), expected, name)
  }
  const admin = seccompFilter(defaultSeccomp('amd64', boundingSet({ capAdd: ['SYS_ADMIN'] })))!
  assert.equal(verdict(admin, X86_64, 165), ALLOW)
  assert.equal(verdict(admin, X86_64, 56, 0x10000000n), ALLOW)
})
