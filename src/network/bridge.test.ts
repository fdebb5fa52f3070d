import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createNetworkNamespace, exec } from '../host/mod.ts'
import { temporaryStore } from '../store/testing.ts'
import { bridge, removeBridge } from './bridge.ts'
import { rulesNote } from './generation.ts'
import { namespacePool } from './pool.ts'
import { reservePorts } from './reserve.ts'
import { listeners } from './sockets.ts'
import type { PortMapping } from './types.ts'

const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' }
let home: ReturnType<typeof temporaryStore>
before(() => {
  if (!asRoot.skip) home = temporaryStore()
})
after(async () => {
  if (asRoot.skip) return
  await removeBridge(home.store)
  home[Symbol.dispose]()
})

/** Servers in a namespace that answer with `PROTOCOL PORT`, gone with the scope. */
async function serve(path: string, places: readonly string[], address = '0.0.0.0') {
  const program = `
    let waiting = ${places.length}
    const ready = () => --waiting || process.stdout.write('ready')
    for (const place of ${JSON.stringify(places)}) {
      const [protocol, port] = place.split(' ')
      if (protocol === 'tcp') {
        require('net').createServer((socket) => socket.end(place)).listen(+port, '${address}', ready)
      } else {
        const socket = require('dgram').createSocket('udp4').bind(+port, '${address}', ready)
        socket.on('message', (_, { port, address }) => socket.send(place, port, address))
      }
    }`
  const child = spawn('nsenter', [`--net=${path}`, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return { pid: child.pid!, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

/** What the server at a place says; the name of the error where nobody answers. From a namespace, or from here. */
async function ask(host: string, hostPort: number, { from, udp = false }: { from?: string; udp?: boolean } = {}) {
  const program = `
    const done = (text) => { process.stdout.write(text); process.exit() }
    setTimeout(done, 2000, 'TIMEOUT')
    if (${udp}) {
      const socket = require('dgram').createSocket('udp4')
      socket.on('message', (answer) => done(answer + ''))
      socket.send('?', ${hostPort}, '${host}')
    } else {
      let text = ''
      require('net').connect(${hostPort}, '${host}')
        .on('data', (data) => (text += data)).on('end', () => done(text)).on('error', (error) => done(error.code))
    }`
  const command = [process.execPath, '-e', program]
  const { stdout } = await exec(from ? 'nsenter' : command[0]!, from ? [`--net=${from}`, ...command] : command.slice(1))
  return stdout
}

const port = (hostPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  hostPort,
  containerPort: 80,
  ...more,
})

/** An address of this machine that others know it by; none on one without a network. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses.filter(({ internal, family }) => !internal && family === 'IPv4'))
  .map(({ address }) => address)
  .slice(0, 1)

test('a namespace gets an address and reaches the host and the outside', asRoot, async () => {
  using namespace = createNetworkNamespace()
  const driver = bridge(home.store)
  const { address, gateway, prefix } = await driver.attach('one', namespace.path)
  const show = (...args: string[]) =>
    execFileSync('nsenter', [`--net=${namespace.path}`, 'ip', '-o', ...args], { encoding: 'utf8' })
  assert.match(show('addr', 'show', 'eth0'), new RegExp(`inet ${address}/${prefix} `))
  assert.match(show('route'), new RegExp(`default via ${gateway} dev eth0`))
  assert.match(show('link', 'show', 'lo'), /LOOPBACK,UP/)
  await driver.detach('one')
})

test('published ports are reached from everywhere, and nothing else is', asRoot, async () => {
  using server = createNetworkNamespace()
  using client = createNetworkNamespace()
  const driver = bridge(home.store)
  using reserved = reservePorts(home.store, [port(0), port(0, { hostIp: '127.0.0.1', containerPort: 81 })])
  const [open, local] = reserved.ports as [PortMapping, PortMapping]
  const { address, gateway } = await driver.attach('server', server.path, { ports: reserved.ports })
  await driver.attach('client', client.path)
  using _ = await serve(server.path, ['tcp 80', 'tcp 81'])
  for (const host of ['127.0.0.1', '127.5.5.5', 'localhost', ...outside])
    assert.equal(await ask(host, open.hostPort), 'tcp 80')
  assert.equal(await ask('::1', open.hostPort), 'ECONNREFUSED')
  assert.equal(await ask(address, 80, { from: client.path }), 'tcp 80')
  for (const host of outside) {
    assert.equal(await ask(host, open.hostPort, { from: client.path }), 'tcp 80')
    assert.equal(await ask(host, open.hostPort, { from: server.path }), 'tcp 80')
  }
  assert.equal(await ask('127.0.0.1', local.hostPort), 'tcp 81')
  assert.equal(await ask(gateway, local.hostPort, { from: client.path }), 'ECONNREFUSED')
  await driver.detach('server')
  await driver.detach('client')
})

test('udp ports are published', asRoot, async () => {
  using server = createNetworkNamespace()
  const driver = bridge(home.store)
  using reserved = reservePorts(home.store, [port(0, { protocol: 'udp' })])
  await driver.attach('udp', server.path, { ports: reserved.ports })
  using _ = await serve(server.path, ['udp 80'])
  for (const host of ['127.0.0.1', ...outside])
    assert.equal(await ask(host, reserved.ports[0]!.hostPort, { udp: true }), 'udp 80')
  await driver.detach('udp')
})

test('what listens in a namespace is seen from outside', asRoot, async () => {
  using namespace = createNetworkNamespace()
  execFileSync('nsenter', [`--net=${namespace.path}`, 'ip', 'link', 'set', 'lo', 'up'])
  using open = await serve(namespace.path, ['tcp 5000', 'udp 53'])
  using local = await serve(namespace.path, ['tcp 5001'], '127.0.0.1')
  const found = listeners(open.pid).map(({ inode, ...socket }) => ({ ...socket, seen: inode > 0 }))
  assert.deepEqual(
    found.sort((a, b) => a.port - b.port),
    [
      { protocol: 'udp', address: '0.0.0.0', port: 53, loopback: false, seen: true },
      { protocol: 'tcp', address: '0.0.0.0', port: 5000, loopback: false, seen: true },
      { protocol: 'tcp', address: '127.0.0.1', port: 5001, loopback: true, seen: true },
    ],
  )
  assert.equal(listeners(local.pid).length, 3)
  assert.deepEqual(listeners(2 ** 30), [])
})

test('a port that is taken is a conflict that says by whom', asRoot, async () => {
  const native = createServer().listen(0, '0.0.0.0')
  await once(native, 'listening')
  const taken = (native.address() as { port: number }).port
  try {
    assert.throws(() => reservePorts(home.store, [port(taken)]), {
      code: 'conflict',
      message: `Bind for 0.0.0.0:${taken} failed: port is already allocated`,
      hint: new RegExp(`is taken by .*\\(pid ${process.pid}\\)`),
    })
  } finally {
    native.close()
  }
  using namespace = createNetworkNamespace()
  using reserved = reservePorts(home.store, [port(0)])
  const driver = bridge(home.store)
  await driver.attach('0123456789abcdef', namespace.path, { ports: reserved.ports })
  const again = { code: 'conflict', hint: /is taken by container 0123456789ab\./ }
  assert.throws(() => reservePorts(home.store, reserved.ports), again)
  await assert.rejects(driver.attach('other', namespace.path, { ports: reserved.ports }), again)
  await driver.detach('0123456789abcdef')
})

test('ranges find a free port, and impossible addresses are said', asRoot, () => {
  using first = reservePorts(home.store, [port(0)])
  const { hostPort } = first.ports[0]!
  using second = reservePorts(home.store, [port(hostPort, { hostPortEnd: hostPort + 50 })])
  assert.ok(second.ports[0]!.hostPort > hostPort)
  assert.equal('hostPortEnd' in second.ports[0]!, false)
  assert.throws(() => reservePorts(home.store, [port(80, { hostIp: '203.0.113.1' })]), { code: 'invalid' })
  assert.throws(() => reservePorts(home.store, [port(80, { hostIp: '::1' })]), { code: 'unsupported' })
  using once = reservePorts(home.store, [port(0, { protocol: 'udp' })])
  assert.throws(() => reservePorts(home.store, once.ports), { code: 'conflict' })
})

test('rules that somebody flushed come back, and many may attach at once', asRoot, async () => {
  const driver = bridge(home.store)
  using first = createNetworkNamespace()
  const { address } = await driver.attach('first', first.path)
  const [{ network: table }] = home.store.db.prepare('SELECT network FROM endpoints').all() as [{ network: string }]
  execFileSync('nft', ['delete', 'table', 'ip', table])
  const others = Array.from({ length: 8 }, () => createNetworkNamespace())
  try {
    const endpoints = await Promise.all(others.map(({ path }, i) => bridge(home.store).attach(`other ${i}`, path)))
    assert.equal(new Set([address, ...endpoints.map((endpoint) => endpoint.address)]).size, 9)
    assert.match(execFileSync('nft', ['list', 'table', 'ip', table], { encoding: 'utf8' }), /masquerade/)
    await Promise.all(others.map((_, i) => driver.detach(`other ${i}`)))
  } finally {
    for (const namespace of others) namespace[Symbol.dispose]()
  }
})

test('a pool gives a namespace to one at a time, and again to the next', asRoot, async () => {
  const rows = () => home.store.db.prepare("SELECT * FROM endpoints WHERE owner LIKE 'build %'").all().length
  {
    using pool = namespacePool(bridge(home.store))
    const one = await pool.acquire()
    const two = await pool.acquire()
    assert.notEqual(one.path, two.path)
    assert.notEqual(one.endpoint.address, two.endpoint.address)
    one[Symbol.dispose]()
    using again = await pool.acquire()
    assert.equal(again.path, one.path)
    assert.equal(rows(), 2)
  }
  assert.equal(rows(), 0)
})

test('rules that nobody changed are not looked at again', asRoot, async () => {
  const note = rulesNote(join(home.store.root, 'note'))
  const tables: string[] = []
  const change = async () => {
    tables.push(`strake-test-${process.pid}-${tables.length}`)
    execFileSync('nft', ['add', 'table', 'ip', tables.at(-1)!])
    return 1
  }
  try {
    assert.equal(note.stands(), false)
    await note.settle(change)
    assert.ok(note.stands())
    await change()
    assert.equal(note.stands(), false)
    // Somebody else changed something meanwhile.
    await note.settle(async () => (await change()) + (await change()) - 1)
    assert.equal(note.stands(), false)
  } finally {
    for (const name of tables) execFileSync('nft', ['delete', 'table', 'ip', name])
  }
})
