import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openStore } from '../../store/mod.ts'
import type { Workspace } from '../execution.ts'

/** A store of its own and a scratch directory, gone at the end. */
export function openWorkspace(): Workspace & Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'strake-remote-'))
  const scratch = join(dir, 'scratch')
  mkdirSync(scratch)
  const store = openStore(join(dir, 'store'))
  const lease = store.lease('build')
  return {
    dir,
    store,
    lease,
    scratch,
    materials: [],
    progress: () => {},
    signal: undefined,
    [Symbol.dispose]() {
      lease[Symbol.dispose]()
      store[Symbol.dispose]()
      rmSync(dir, { recursive: true })
    },
  }
}

/** A server on the loopback. `requests` are methods and paths, in order. */
export async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Runs git in a folder, as a person of that name, at a time that is always the same. */
export function git(folder: string, ...args: string[]): string {
  const identity = { NAME: 'tester', EMAIL: 'tester@example.com', DATE: '2020-02-02T02:02:02Z' }
  const env = Object.entries(identity).flatMap(([key, value]) => [
    [`GIT_AUTHOR_${key}`, value],
    [`GIT_COMMITTER_${key}`, value],
  ])
  return execFileSync('git', ['-C', folder, '-c', 'init.defaultBranch=main', ...args], {
    env: { ...process.env, ...Object.fromEntries(env), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** Serves the repositories below a folder by the git protocol. */
export async function serveGit(folder: string): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await freePort()
  const args = [
    'daemon',
    '--reuseaddr',
    '--export-all',
    '--listen=127.0.0.1',
    `--port=${port}`,
    `--base-path=${folder}`,
  ]
  const child = spawn('git', args, {
    stdio: 'ignore',
    env: { ...process.env, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`git daemon ended with ${child.exitCode}`)
    await setTimeout(20)
  }
  return {
    url: `git://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
