import { spawn } from 'node:child_process'
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { exec, openDirectory } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'

/** The SSH agents that a build hands on to its steps, by id. */
export interface SshAgents extends Disposable {
  has(id: string): boolean
  /**
   * A socket for one step, at which the agent lists its keys and signs, and does nothing else. `path` is a file in
   * `directory`, for a bind mount.
   */
  open(id: string, directory: string, owner: SocketOwner): Promise<Disposable & { readonly path: string }>
}

export interface SocketOwner {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Finds the agents: each is the socket of one that runs, or key files, which an ssh-agent of our own holds until the end of
 * the build. Throws `not_found`, `invalid` in docker's words, and `unavailable` where ssh-agent is not installed.
 *
 * @param given for each id its paths; none for the agent that SSH_AUTH_SOCK names
 * @param directory for sockets of our own
 */
export async function openSshAgents(
  given: Readonly<Record<string, readonly string[]>>,
  directory: string,
): Promise<SshAgents> {
  using stack = new DisposableStack()
  const sockets = new Map<string, string>()
  for (const [id, paths] of Object.entries(given)) sockets.set(id, await agentOf(id, paths, { directory, stack }))
  const owned = stack.move()
  return {
    has: (id) => sockets.has(id),
    open: (id, folder, owner) => forward(sockets.get(id)!, folder, owner),
    [Symbol.dispose]: () => owned.dispose(),
  }
}

interface Place {
  readonly directory: string
  readonly stack: DisposableStack
}

async function agentOf(id: string, paths: readonly string[], place: Place): Promise<string> {
  if (paths.length === 0) {
    const socket = process.env.SSH_AUTH_SOCK
    if (socket) return socket
    throw new StrakeError('invalid', 'invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set', {
      hint: `Start an agent (eval "$(ssh-agent)"; ssh-add), or name a key: --ssh ${id}=FILE`,
    })
  }
  const fail = (code: 'invalid' | 'not_found', why: string, hint?: string) =>
    new StrakeError(code, `failed to convert agent config for ID: "${id}": ${why}`, { hint })
  const stats = paths.map((path) => {
    try {
      return statSync(path)
    } catch (error) {
      if (errno(error) === undefined) throw error
      throw fail('not_found', `stat ${path}: no such file or directory`)
    }
  })
  const socket = stats.findIndex((stat) => stat.isSocket())
  if (socket < 0) return startAgent(paths, { place, fail })
  if (paths.length === 1) return paths[0]!
  throw fail(
    'invalid',
    stats.every((stat) => stat.isSocket()) ? 'only single socket allowed' : 'invalid combination of keys and sockets',
  )
}

interface Starting {
  readonly place: Place
  readonly fail: (code: 'invalid', why: string, hint?: string) => StrakeError
}

/** An ssh-agent that holds these keys and ends with the build, or with us, however that comes. */
async function startAgent(paths: readonly string[], { place, fail }: Starting): Promise<string> {
  const hint = 'Install openssh-client, or start an agent yourself and hand on its socket: --ssh default'
  const folder = mkdtempSync(join(place.directory, 'agent-'))
  const fd = openDirectory(folder)
  place.stack.defer(() => closeSync(fd))
  const socket = `/proc/${process.pid}/fd/${fd}/agent`
  const agent = spawn('setpriv', ['--pdeathsig', 'KILL', 'ssh-agent', '-D', '-a', socket], { stdio: 'ignore' })
  place.stack.defer(() => agent.kill('SIGKILL'))
  let ended = false
  agent.on('error', () => {
    ended = true
  })
  agent.on('exit', () => {
    ended = true
  })
  while (!existsSync(join(folder, 'agent'))) {
    if (ended) throw new StrakeError('unavailable', 'ssh-agent could not be started', { hint })
    await setTimeout(5)
  }
  for (const path of paths) {
    const { exitCode, stderr } = await exec('ssh-add', ['-q', '-'], {
      input: readFileSync(path),
      env: { PATH: process.env.PATH, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' },
    })
    if (exitCode === 0) continue
    const locked = /passphrase/i.test(stderr)
    const why = locked ? 'ssh: this private key is passphrase protected' : 'ssh: no key found'
    throw fail(
      'invalid',
      `failed to parse ${path}: ${why}`,
      locked ? 'Add it to an agent: ssh-add, then --ssh default' : undefined,
    )
  }
  return socket
}

async function forward(agent: string, directory: string, { mode, uid, gid }: SocketOwner) {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  // A socket's path may have 107 bytes; that of the store may be longer.
  const fd = openDirectory(directory)
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    const upstream = connect(agent)
    const close = () => {
      clients.delete(client)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', close).on('close', close)
    filter(client, upstream)
    upstream.pipe(client)
  })
  const path = join(directory, 'socket')
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(`/proc/self/fd/${fd}/socket`, resolve)
  })
  chownSync(path, uid, gid)
  chmodSync(path, mode & 0o777)
  return {
    path,
    [Symbol.dispose]() {
      for (const client of clients) client.destroy()
      server.close(() => closeSync(fd))
    },
  }
}

/** SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENTC_SIGN_REQUEST (draft-ietf-sshm-ssh-agent). */
const allowed = new Set([11, 13])
/** SSH_AGENT_FAILURE. */
const failure = Buffer.from([0, 0, 0, 1, 5])
/** That of OpenSSH. */
const largestMessage = 256 * 1024

/** Passes requests on that use keys, and refuses those that would change what the agent holds. */
function filter(client: Socket, upstream: Socket): void {
  let held = Buffer.alloc(0)
  client.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 4) {
      const length = held.readUInt32BE()
      if (length === 0 || length > largestMessage) {
        client.destroy()
        return
      }
      if (held.length < 4 + length) return
      const message = held.subarray(0, 4 + length)
      if (allowed.has(message[4]!)) upstream.write(message)
      else client.write(failure)
      held = held.subarray(4 + length)
    }
  })
}
