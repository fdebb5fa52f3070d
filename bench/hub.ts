// The hub beside docker's registry (docker-registry of Debian, where it is installed), with the same client: a blob of 1 GiB (or
// of as many MiB as the argument says) pushed and pulled, 2000 manifests read and 300 small blobs pushed, 20 at once. Prints
// medians of the time and of the server's CPU time, and the most memory that it took: sh scripts/node.sh bench/hub.ts [MIB]
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

const size = Number(process.argv[2] ?? 1024) * 1024 ** 2
const rounds = 3
const password = 'correct horse'
const config = Buffer.from('{}')
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
  const times = servers.map(() => new Map<string, Taken[]>())
  for (let round = 0; round < rounds; round++) {
    // Side by side, so that a slow moment of the machine is a slow moment of both.
    for (const [i, server] of servers.entries()) {
      const repository = `alice/b${round}`
      for (const [name, body] of Object.entries({
        push: () => push(server, { repository, blob, digest }),
        pull: () => pull(server, repository, digest),
        'small blobs': () => smallBlobs(server, repository, round),
        manifests: () => manifests(server, repository),
      })) {
        const taken = times[i]!.get(name) ?? []
        times[i]!.set(name, taken)
        taken.push(await timed(server, body))
      }
    }
  }
  for (const [i, { name, process }] of servers.entries()) {
    const memory = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]
    const columns = [...times[i]!].map(([what, taken]) => {
      const of = (key: keyof Taken) => median(taken.map((one) => one[key])).toFixed(2)
      return `${what} ${of('seconds')} s (CPU ${of('cpu')} s)`
    })
    console.log(`${name.padEnd(16)} ${columns.join(', ')}, ${Math.round(Number(memory) / 1024)} MB`)
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

async function smallBlobs({ url }: Server, repository: string, round: number): Promise<void> {
  const send = async (content: Uint8Array) => {
    const digest = digestOf(content)
    const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { authorization } })
    const location = new URL(begun.headers.get('location')!, url)
    location.searchParams.set('digest', digest)
    const answer = await fetch(location, {
      method: 'PUT',
      headers: { authorization },
      body: new Uint8Array(content),
    })
    if (answer.status !== 201) throw new Error(`small blob: ${answer.status}`)
  }
  await send(config)
  await inParallel(300, (i) => send(Buffer.alloc(4096, `${round} ${i} `)))
}

async function manifests({ url }: Server, repository: string): Promise<void> {
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const content = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [],
  })
  const at = `${url}/v2/${repository}/manifests/1`
  const put = await fetch(at, {
    method: 'PUT',
    headers: { authorization, 'content-type': type },
    body: content,
  })
  if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`)
  await inParallel(2000, async () => {
    const answer = await fetch(at, { headers: { authorization, accept: type } })
    if ((await answer.text()) !== content) throw new Error('another manifest')
  })
}

async function inParallel(count: number, body: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const work = async () => {
    while (next < count) await body(next++)
  }
  await Promise.all(Array.from({ length: 20 }, work))
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

interface Taken {
  readonly seconds: number
  /** Of the server. */
  readonly cpu: number
}

async function timed({ process }: Server, body: () => Promise<void>): Promise<Taken> {
  const cpu = () => {
    const fields = readFileSync(`/proc/${process.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  const [started, used] = [performance.now(), cpu()]
  await body()
  return { seconds: (performance.now() - started) / 1000, cpu: cpu() - used }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
