import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundingSet } from './capabilities.ts'
import { startFailure } from './failures.ts'
import { findRuntime } from './runtimes.ts'
import { defaultSeccomp } from './seccomp.ts'
import { ociSpec } from './spec.ts'
import type { SpecOptions } from './types.ts'

const options: SpecOptions = {
  args: ['true'],
  env: [],
  cwd: '/',
  user: '5',
  rootfs: '/proc/self',
  hostname: 'h',
  network: 'new',
  cgroup: '/strake/x',
}

test('capabilities are added and dropped as docker does', () => {
  assert.equal(boundingSet({}).length, 14)
  assert.deepEqual(boundingSet({ capDrop: ['all'], capAdd: ['net_admin'] }), ['CAP_NET_ADMIN'])
  assert.ok(!boundingSet({ capDrop: ['CAP_CHOWN'] }).includes('CAP_CHOWN'))
  assert.ok(!boundingSet({ capAdd: ['ALL'], capDrop: ['SYS_ADMIN'] }).includes('CAP_SYS_ADMIN'))
  assert.throws(() => boundingSet({ capAdd: ['FOO'] }), { message: 'invalid CapAdd: unknown capability: "CAP_FOO"' })
})

test('the seccomp profile follows capabilities and machine', () => {
  const names = (profile: ReturnType<typeof defaultSeccomp>) => profile.syscalls[0]!.names
  const plain = defaultSeccomp('amd64', boundingSet({}))
  assert.ok(names(plain).includes('chroot') && names(plain).includes('arch_prctl'))
  for (const name of ['mount', 'bpf', 'clone', 'clone3', 'io_uring_setup', 'keyctl', 'unshare', 'reboot']) {
    assert.ok(!names(plain).includes(name), name)
  }
  assert.deepEqual(plain.syscalls.at(-1), { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 })
  const admin = defaultSeccomp('arm64', ['CAP_SYS_ADMIN'])
  assert.ok(names(admin).includes('mount') && names(admin).includes('clone3') && names(admin).includes('set_tls'))
  assert.ok(!names(admin).includes('arch_prctl'))
  assert.equal(defaultSeccomp('s390x', []).syscalls.find(({ names }) => names[0] === 'clone')?.args?.[0]?.index, 1)
})

test('only root gets capabilities, everyone the bounding set', () => {
  const { process } = ociSpec(options)
  assert.deepEqual(Object.keys(process.capabilities), ['bounding'])
  assert.deepEqual(Object.keys(ociSpec({ ...options, user: '' }).process.capabilities).sort(), [
    'bounding',
    'effective',
    'permitted',
  ])
  assert.deepEqual(process.env, ['HOME=/'])
  assert.deepEqual(ociSpec({ ...options, env: ['HOME=/x'] }).process.env, ['HOME=/x'])
})

test('mounts of the caller replace the defaults and come parents first', () => {
  const targets = ociSpec({
    ...options,
    mounts: [
      { kind: 'tmpfs', source: '', target: '/a/b/c' },
      { kind: 'bind', source: '/x', target: '/a/', readonly: true },
      { kind: 'bind', source: '/x', target: '/dev' },
    ],
  }).mounts.map(({ destination }) => destination)
  assert.deepEqual(targets, ['/proc', '/sys', '/a', '/dev', '/sys/fs/cgroup', '/a/b/c'])
  for (const target of ['/', '/..', 'relative']) {
    assert.throws(() => ociSpec({ ...options, mounts: [{ kind: 'tmpfs', source: '', target }] }), { code: 'invalid' })
  }
})

test('only directories are made read-only with what is mounted below them', () => {
  const flags = (source: string) =>
    ociSpec({ ...options, mounts: [{ kind: 'bind', source, target: '/here', readonly: true }] }).mounts.find(
      ({ destination }) => destination === '/here',
    )?.options
  assert.ok(flags('/etc/passwd')?.includes('ro'))
  assert.ok(flags('/etc')?.includes('rro'))
})

test('privileged takes the masks away', () => {
  const { linux } = ociSpec({ ...options, privileged: true }) as unknown as { linux: Record<string, unknown> }
  assert.equal(linux.seccomp, undefined)
  assert.equal(linux.maskedPaths, undefined)
  assert.ok((linux.devices as { path: string }[]).some(({ path }) => path === '/dev/null'))
})

test('a spec needs a command and an absolute working directory', () => {
  assert.throws(() => ociSpec({ ...options, args: [] }), { code: 'invalid' })
  assert.throws(() => ociSpec({ ...options, cwd: 'x' }), { code: 'invalid' })
})

test('start failures are told in docker’s words', () => {
  const log = (msg: string) => `{"level":"warning","msg":"w"}\n${JSON.stringify({ level: 'error', msg })}\n{"cut`
  const failure = (msg: string) => {
    const { message, exitCode } = startFailure(log(msg), '/program')!
    return [exitCode, message]
  }
  const prefix = 'runc run failed: unable to start container process: '
  assert.deepEqual(failure(`${prefix}exec: "a": executable file not found in $PATH`), [
    127,
    'exec: "a": executable file not found in $PATH',
  ])
  assert.deepEqual(failure(`${prefix}error during container init: exec: "/a": stat /a: no such file or directory`), [
    127,
    'exec: "/a": stat /a: no such file or directory',
  ])
  assert.deepEqual(failure('executable file `a` not found in $PATH: No such file or directory'), [
    127,
    'exec: "a": executable file not found in $PATH',
  ])
  const crun: [string, number, string][] = [
    [
      'executable file `/a` not found in $PATH: No such file or directory',
      127,
      '"/a": stat /a: no such file or directory',
    ],
    ['open executable: Permission denied', 126, '"/program": permission denied'],
    ['open executable: Operation not permitted', 126, '"/program": permission denied'],
    ['the path `/a` exists but it is not executable: Operation not permitted', 126, '"/a": permission denied'],
    ['the path `/a` is not a regular file: Operation not permitted', 126, '"/a": is a directory'],
    ['exec: Exec format error', 126, '"/program": exec format error'],
    ['exec container process `/bin/a`: Exec format error', 126, '"/bin/a": exec format error'],
    [
      'exec container process (missing dynamic library?) `/bin/a`: No such file or directory',
      127,
      '"/bin/a": no such file or directory',
    ],
  ]
  for (const [msg, exitCode, message] of crun) assert.deepEqual(failure(msg), [exitCode, `exec: ${message}`])
  assert.deepEqual(failure(`${prefix}exec: "/a": permission denied`), [126, 'exec: "/a": permission denied'])
  assert.deepEqual(failure('runc run failed: something else'), [125, 'runc run failed: something else'])
  assert.equal(startFailure('{"level":"warning","msg":"w"}'), undefined)
})

test('limits of a process', () => {
  const limits = ociSpec({ ...options, ulimits: [{ name: 'core', soft: 5, hard: -1 }] }).process.rlimits
  assert.equal(JSON.stringify(limits), '[{"type":"RLIMIT_CORE","soft":5,"hard":18446744073709551615}]')
})

test('the runtime can be named', () => {
  assert.throws(() => findRuntime({ STRAKE_RUNTIME: 'no-such-runtime', PATH: '/bin' }), { code: 'unavailable' })
  assert.equal(findRuntime({ STRAKE_RUNTIME: '/bin/true' }).name, 'true')
})
