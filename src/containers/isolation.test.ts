import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceNodes, type IsolationOptions, resolveIsolation } from './isolation.ts'

const read = (options: IsolationOptions) => resolveIsolation(options, 'bridge')

test('what is not asked for is left out', () => {
  assert.deepEqual(read({}), { unconfined: false })
  const defaults = { ulimits: [], sysctls: [], devices: [], dns: [], dnsSearch: [], shmSize: 0, cgroupParent: '' }
  assert.deepEqual(read({ ...defaults, ipc: 'shareable', pid: '', uts: '', userns: 'host' }), { unconfined: false })
})

test('namespaces, security and names of groups', () => {
  const found = read({
    securityOptions: ['seccomp=unconfined', 'no-new-privileges:true', 'label=disable'],
    ipc: 'host',
    pid: 'host',
    uts: 'host',
    groupAdd: ['audio', '7'],
  })
  const host = { ipc: 'host', pid: 'host', uts: 'host' }
  assert.deepEqual(found, { unconfined: true, noNewPrivileges: true, ...host, groupAdd: ['audio', '7'] })
  assert.deepEqual(read({ securityOptions: ['no-new-privileges=false'], ipc: 'none' }), {
    unconfined: false,
    ipc: 'none',
  })
})

test('devices: from, to and what may be done', () => {
  const devices = ['/dev/a', '/dev/a:/dev/b', '/dev/a:r', '/dev/a:/dev/x/../b:rw']
  assert.deepEqual(read({ devices }).devices, [
    { source: '/dev/a', target: '/dev/a', permissions: 'rwm' },
    { source: '/dev/a', target: '/dev/b', permissions: 'rwm' },
    { source: '/dev/a', target: '/dev/a', permissions: 'r' },
    { source: '/dev/a', target: '/dev/b', permissions: 'rw' },
  ])
  assert.deepEqual(read({ devices: ['vendor.com/gpu=all'] }), { unconfined: false, cdiDevices: ['vendor.com/gpu=all'] })
  const [zero] = deviceNodes([{ source: '/dev/zero', target: '/dev/x', permissions: 'r' }])
  const { type, major, minor, path, permissions } = zero!
  assert.deepEqual(
    { type, major, minor, path, permissions },
    { type: 'c', major: 1, minor: 5, path: '/dev/x', permissions: 'r' },
  )
  const missing = (source: string) => () => deviceNodes([{ source, target: '/dev/x', permissions: 'r' }])
  const said = 'error gathering device information while adding custom device'
  assert.throws(missing('/dev/nope'), { message: `${said} "/dev/nope": no such file or directory` })
  assert.throws(missing('/etc/passwd'), { message: `${said} "/etc/passwd": not a device node` })
})

test('kernel parameters and names', () => {
  assert.deepEqual(read({ sysctls: ['net.ipv4.ip_forward=1', 'kernel.sem=1 2 3 4'] }).sysctls, {
    'net.ipv4.ip_forward': '1',
    'kernel.sem': '1 2 3 4',
  })
  const dns = { servers: ['1.1.1.1', 'fd00::1'], search: ['a.b'], options: ['ndots:3'] }
  assert.deepEqual(read({ dns: dns.servers, dnsSearch: dns.search, dnsOptions: dns.options }).dns, dns)
  assert.throws(() => resolveIsolation({ sysctls: ['net.core.somaxconn=1'] }, 'host'), {
    message: 'sysctl "net.core.somaxconn" not allowed in host network namespace',
  })
})

test('what is wrong is said in docker’s words', () => {
  const cases: [IsolationOptions, string][] = [
    [{ ipc: 'foo' }, 'invalid IPC mode: foo'],
    [{ pid: 'foo' }, '--pid: invalid PID mode'],
    [{ uts: 'foo' }, '--uts: invalid UTS mode'],
    [{ userns: 'foo' }, '--userns: invalid USER mode'],
    [{ securityOptions: ['foo'] }, 'invalid --security-opt: "foo"'],
    [{ securityOptions: ['no-new-privileges=maybe'] }, 'invalid --security-opt: "no-new-privileges=maybe"'],
    [{ sysctls: ['foo'] }, 'invalid argument "foo" for "--sysctl" flag: sysctl \'foo\' is not allowed'],
    [
      { sysctls: ['kernel.panic=1'] },
      'invalid argument "kernel.panic=1" for "--sysctl" flag: sysctl \'kernel.panic=1\' is not allowed',
    ],
    [{ sysctls: ['kernel.msgmax=1'], ipc: 'host' }, 'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace'],
    [{ devices: ['fuse'] }, 'fuse is not an absolute path'],
    [{ devices: ['/dev/fuse:x'] }, 'x is not an absolute path'],
    [{ devices: ['/dev/fuse:/dev/x:q'] }, 'bad mode specified: q'],
    [{ devices: ['/a:/b:c:d'] }, 'invalid device specification: /a:/b:c:d'],
    [{ dns: ['foo'] }, 'invalid argument "foo" for "--dns" flag: IP address is not correctly formatted: foo'],
    [{ dnsSearch: ['a b'] }, 'invalid argument "a b" for "--dns-search" flag: a b is not a valid domain'],
    [{ dnsOptions: ['a\nb'] }, 'invalid argument "a\\nb" for "--dns-option" flag: it has blanks'],
  ]
  for (const [options, message] of cases) assert.throws(() => read(options), { code: 'invalid', message })
})
