import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposed, parsePorts } from './ports.ts'

const short = (text: string) =>
  parsePorts(text).map(
    ({ protocol, hostIp, hostPort, hostPortEnd, containerPort }) =>
      `${hostIp}:${hostPort}${hostPortEnd ? `-${hostPortEnd}` : ''}:${containerPort}/${protocol}`,
  )

test('every form of docker’s', () => {
  assert.deepEqual(short('80'), ['0.0.0.0:0:80/tcp'])
  assert.deepEqual(short('8080:80'), ['0.0.0.0:8080:80/tcp'])
  assert.deepEqual(short(':80'), ['0.0.0.0:0:80/tcp'])
  assert.deepEqual(short('127.0.0.1:8080:80/udp'), ['127.0.0.1:8080:80/udp'])
  assert.deepEqual(short('127.0.0.1::80'), ['127.0.0.1:0:80/tcp'])
  assert.deepEqual(short('[::1]:8080:80/TCP'), ['::1:8080:80/tcp'])
  assert.deepEqual(short('8000-8002:80-82/udp'), ['0.0.0.0:8000:80/udp', '0.0.0.0:8001:81/udp', '0.0.0.0:8002:82/udp'])
  assert.deepEqual(short('80-81'), ['0.0.0.0:0:80/tcp', '0.0.0.0:0:81/tcp'])
  assert.deepEqual(short('8000-8005:80'), ['0.0.0.0:8000-8005:80/tcp'])
})

test('what makes no sense is said in docker’s words', () => {
  const cases: [string, string][] = [
    ['abc', 'Invalid containerPort: abc'],
    ['80:abc', 'Invalid containerPort: abc'],
    ['abc:80', 'Invalid hostPort: abc'],
    ['70000', 'Invalid containerPort: 70000'],
    ['90-80', 'Invalid containerPort: 90-80'],
    ['8000-8005:80-81', 'Invalid ranges specified for container and host Ports: 80-81 and 8000-8005'],
    ['1.2.3:80:80', 'Invalid ip address: 1.2.3'],
    ['80/foo', 'Invalid proto: foo'],
    ['80:', 'No port specified: 80:<empty>'],
    ['', 'No port specified: <empty>'],
    ['127.0.0.1::', 'No port specified: 127.0.0.1::<empty>'],
    ['[::1:80:80', 'Invalid ip address: [::1'],
  ]
  for (const [text, message] of cases) assert.throws(() => parsePorts(text), { code: 'invalid', message }, text)
})

test('exposed ports', () => {
  assert.deepEqual(parseExposed('80'), ['80/tcp'])
  assert.deepEqual(parseExposed('53/UDP'), ['53/udp'])
  assert.deepEqual(parseExposed('80-82/udp'), ['80/udp', '81/udp', '82/udp'])
  for (const text of ['', 'x', '80/tcp/udp', '1-', '99999', '80/foo']) {
    assert.throws(() => parseExposed(text), { code: 'invalid' }, text)
  }
})
