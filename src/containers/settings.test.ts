import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig } from '../oci/mod.ts'
import { portsText } from './ports.ts'
import { resolveSettings, signalName } from './settings.ts'
import type { CreateOptions } from './types.ts'

const id = 'abcdef012345'.padEnd(64, '0')
const image: ContainerConfig = {
  Env: ['PATH=/image', 'A=1', 'B=2'],
  Entrypoint: ['/entry'],
  Cmd: ['default'],
  WorkingDir: '/work',
  User: 'app',
  Labels: { one: '1', two: '2' },
  ExposedPorts: { '80/tcp': {}, '53/udp': {} },
  Volumes: { '/data': {}, '/other/': {} },
  StopSignal: 'SIGQUIT',
}
const settings = (options: Partial<CreateOptions> = {}, config = image) =>
  resolveSettings({ image: 'app', ...options }, config, id)

test("the image's configuration is what holds where nothing is asked for", () => {
  const found = settings()
  assert.deepEqual([found.entrypoint, found.command], [['/entry'], ['default']])
  assert.deepEqual(found.env, ['PATH=/image', 'HOSTNAME=abcdef012345', 'A=1', 'B=2'])
  assert.equal(found.hostname, 'abcdef012345')
  assert.deepEqual([found.workdir, found.user, found.stopSignal, found.stopTimeout], ['/work', 'app', 'SIGQUIT', 10])
  assert.deepEqual(found.exposed, ['80/tcp', '53/udp'])
  assert.deepEqual(found.publish, [])
  assert.deepEqual(
    found.mounts.map(({ target }) => target),
    ['/data', '/other'],
  )
})

test('command and entry point replace as in docker', () => {
  const line = (options: Partial<CreateOptions>) => {
    const { entrypoint, command } = settings(options)
    return [entrypoint, command]
  }
  assert.deepEqual(line({ command: ['a', 'b'] }), [['/entry'], ['a', 'b']])
  assert.deepEqual(line({ entrypoint: ['sh'] }), [['sh'], []])
  assert.deepEqual(line({ entrypoint: ['sh'], command: ['-c'] }), [['sh'], ['-c']])
  assert.deepEqual(line({ entrypoint: [], command: ['ls'] }), [[], ['ls']])
  assert.throws(() => settings({}, {}), { code: 'invalid', message: 'no command specified' })
})

test('variables are added, replaced and taken away', () => {
  assert.deepEqual(settings({ env: ['A=', 'B', 'C=x=y'], tty: true }).env, [
    'PATH=/image',
    'HOSTNAME=abcdef012345',
    'TERM=xterm',
    'A=',
    'C=x=y',
  ])
  assert.match(settings({ command: ['x'] }, {}).env[0]!, /^PATH=\/usr\/local\/sbin:/)
})

test('ports: published, all of them, and none without a network', () => {
  const publish = settings({ publish: ['127.0.0.1:8080:80'], publishAll: true }).publish
  assert.deepEqual(
    publish.map(
      ({ hostIp, hostPort, containerPort, protocol }) => `${hostIp} ${hostPort} ${containerPort} ${protocol}`,
    ),
    ['127.0.0.1 8080 80 tcp', '0.0.0.0 0 53 udp'],
  )
  assert.deepEqual(settings({ publish: ['80'], network: 'host' }).publish, [])
})

test('mounts of the same target are refused, those of the image give way', () => {
  const { mounts } = settings({ volumes: ['/src:/data:ro', 'name:/cache', '/anonymous'], tmpfs: ['/run:size=1m'] })
  assert.deepEqual(
    mounts.map((mount) => `${mount.kind} ${mount.target}`),
    ['bind /data', 'volume /cache', 'volume /anonymous', 'tmpfs /run', 'volume /other'],
  )
  assert.throws(() => settings({ volumes: ['/a:/x', 'bb:/x'] }), { message: 'Duplicate mount point: /x' })
})

test('what is wrong is refused in the words of docker', () => {
  const message = (options: Partial<CreateOptions>, pattern: RegExp) =>
    assert.throws(() => settings(options), { code: /invalid|not_found/, message: pattern })
  message({ workdir: 'x' }, /working directory 'x' is invalid/)
  message({ network: 'mine' }, /network mine not found/)
  message({ hostname: 'a b' }, /invalid hostname/)
  message({ stopSignal: 'NOPE' }, /invalid signal: NOPE/)
  message({ memory: 1024 }, /Minimum memory limit/)
  message({ securityOptions: ['seccomp=/file'] }, /invalid --security-opt/)
  for (const volume of ['', ':', 'a:b', '/a:/', '/a:/b:/c:d', 'a/../..:b', 'x:/y:nope', ' :/x']) {
    message({ volumes: [volume] }, /invalid/)
  }
  for (const mount of [
    '',
    'type=bind,target=/x',
    'type=bind,source=/no/such,target=/x',
    'type=what,target=/x',
    'source=a',
    'type=tmpfs,source=a,target=/x',
  ]) {
    message({ mounts: [mount] }, /mount|target|unknown field/)
  }
  message({ tmpfs: ['/x:upperdir=/etc'] }, /invalid tmpfs option/)
})

test('signals have names and numbers', () => {
  assert.equal(signalName('9'), 'SIGKILL')
  assert.equal(signalName('term'), 'SIGTERM')
  assert.equal(signalName('SIGUSR1'), 'SIGUSR1')
})

test('the ports column', () => {
  const port = (hostPort: number, containerPort: number, hostIp = '0.0.0.0', protocol: 'tcp' | 'udp' = 'tcp') => ({
    protocol,
    hostIp,
    hostPort,
    containerPort,
  })
  assert.equal(portsText([port(8080, 80)], ['80/tcp', '443/tcp', '53/udp']), '0.0.0.0:8080->80/tcp, 443/tcp, 53/udp')
  assert.equal(
    portsText([port(8001, 81), port(8000, 80), port(9000, 90)], []),
    '0.0.0.0:8000-8001->80-81/tcp, 0.0.0.0:9000->90/tcp',
  )
  assert.equal(portsText([port(1, 1, '::1'), port(1, 1, '127.0.0.1')], []), '127.0.0.1:1->1/tcp, [::1]:1->1/tcp')
  assert.equal(portsText([], []), '')
})
