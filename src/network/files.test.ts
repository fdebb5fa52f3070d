import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostsFile, resolvConf } from './files.ts'

test('servers that a container can not reach are replaced', () => {
  assert.equal(
    resolvConf('# c\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nnameserver ::1\nsearch a.b c\noptions edns0\n'),
    'nameserver 10.0.0.2\nsearch a.b c\noptions edns0\n',
  )
  assert.equal(resolvConf('nameserver 127.0.0.1\nsearch x\n'), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch x\n')
  assert.equal(resolvConf(''), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\n')
})

test('a hosts file names the container and what was added', () => {
  const text = hostsFile({
    hostname: 'web',
    address: '10.0.0.2',
    extraHosts: ['db:1.2.3.4', 'six=[::5]', 'gw:host-gateway'],
    gateway: '10.0.0.1',
  })
  assert.match(text, /^127\.0\.0\.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n/)
  assert.match(text, /\n1\.2\.3\.4\tdb\n::5\tsix\n10\.0\.0\.1\tgw\n10\.0\.0\.2\tweb\n$/)
})

test('extra hosts are checked', () => {
  const bad = (text: string, message: string) =>
    assert.throws(() => hostsFile({ hostname: 'h', extraHosts: [text] }), { code: 'invalid', message })
  bad('foo', 'bad format for add-host: "foo"')
  bad('foo:bar', 'invalid IP address in add-host: "bar"')
  bad('a:1.2.3.4.5', 'invalid IP address in add-host: "1.2.3.4.5"')
  bad('a:1.2.3.4\n6.6.6.6 evil', 'bad format for add-host: "a:1.2.3.4\n6.6.6.6 evil"')
  bad('g:host-gateway', 'unable to derive the IP value for host-gateway: "g:host-gateway"')
})
