// The hub beside docker's registry (docker-registry of Debian, where it is installed): a blob of 1 GiB pushed and pulled by the
// same client. Prints medians, and the most memory that each took. Run it with: sh scripts/node.sh bench/hub.ts
import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hashPassword, openHub } from '../src/hub/mod.ts'

const size = 1024 ** 3
const rounds = 3
const password = 'correct horse'
const authorization = `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`

interface Server {
  readonly name: string
  readonly url: string
  readonly process: ChildProcess
}

const dir = mkdtempSync('/var/tmp/strake-bench-hub-')
const servers: Server[] = []
try {
  const blob = join(dir, 'blob')
  const digest = makeBlob(blob)
  servers.push(await startHub())
  const other = await startRegistry()
  if (other) servers.push(other)
  const times = servers.map(() => ({ push: [] as number[], pull: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    // Side by side, so that a slow moment of the machine is a slow moment of both.
    for (const [i, server] of servers.entries()) {
      times[i]!.push.push(await timed(() => push(server, { repository: `alice/b${round}`, blob, digest })))
      times[i]!.pull.push(await timed(() => pull(server, `alice/b${round}`, digest)))
    }
  }
  for (const [i, { name, process }] of servers.entries()) {
    const memory = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]
    const { push, pull } = times[i]!
    const text = `push ${median(push).toFixed(2)} s, pull ${median(pull).toFixed(2)} s`
    console.log(`${name.padEnd(16)} ${text}, ${Math.round(Number(memory) / 1024)} MB`)
  }
} finally {
  for (const { process } of servers) process.kill()
  rmSync(dir, { recursive: true, force: true })
}

/** Half of it can't be compressed, as with images. */
function makeBlob(path: string): string {
  const hash = createHash('sha256')
  const file = openSync(path, 'w')
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16, 2))
  for (let at = 0; at < size; at += 1 << 20) {
    const piece = at < size / 2 ? cipher.update(Buffer.alloc(1 << 20)) : Buffer.alloc(1 << 20)
    hash.update(piece)
    writeSync(file, piece)
  }
  closeSync(file)
  return `sha256:${hash.digest('hex')}`
}

async function startHub(): Promise<Server> {
  const data = join(dir, 'hub')
  {
    using hub = openHub(data)
    await hub.accounts.addUser({ name: 'alice', admin: false, password: await hashPassword(password) })
  }
  const port = await freePort()
  const args = ['--disable-warning=ExperimentalWarning', 'src/main.ts', 'hub', 'serve', '--data', data]
  const child = spawn(process.execPath, [...args, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' })
  return await ready({ name: 'strake hub', url: `http://127.0.0.1:${port}`, process: child })
}

async function startRegistry(): Promise<Server | undefined> {
  const port = await freePort()
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
  }
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
  try {
    await once(child, 'spawn')
  } catch {
    console.log('docker-registry is not installed')
    return undefined
  }
  return await ready({ name: 'docker-registry', url: `http://127.0.0.1:${port}`, process: child })
}

async function ready(server: Server): Promise<Server> {
  for (let tries = 0; tries < 200; tries++) {
    if (await fetch(`${server.url}/v2/`).catch(() => undefined)) return server
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${server.name} does not answer`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

interface Upload {
  readonly repository: string
  readonly blob: string
  readonly digest: string
}

async function push({ url }: Server, { repository, blob, digest }: Upload): Promise<void> {
  const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { authorization } })
  const location = new URL(begun.headers.get('location')!, url)
  location.searchParams.set('digest', digest)
  const sending = request(location, { method: 'PUT', headers: { authorization, 'content-length': size } })
  const answered = once(sending, 'response')
  await pipeline(createReadStream(blob, { highWaterMark: 1 << 20 }), sending)
  const [response] = await answered
  response.resume()
  if (response.statusCode !== 201) throw new Error(`push: ${response.statusCode}`)
}

async function pull({ url }: Server, repository: string, digest: string): Promise<void> {
  const asking = request(`${url}/v2/${repository}/blobs/${digest}`, { headers: { authorization } }).end()
  const [response] = await once(asking, 'response')
  let received = 0
  const count = (piece: Buffer) => {
    received += piece.length
  }
  await pipeline(response, new Writable({ write: (piece, _encoding, done) => done(count(piece) as undefined) }))
  if (received !== size) throw new Error(`pull: ${received} bytes`)
}

async function timed(body: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await body()
  return (performance.now() - started) / 1000
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
