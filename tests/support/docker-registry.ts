import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../../src/host/mod.ts'
import { freePort } from '../e2e/harness.ts'

/** Why a test that needs Debian's docker-registry can't run; false when it can. For node:test's `skip`. */
export const noRegistry: string | false = findProgram('docker-registry') ? false : 'needs docker-registry'

export interface DockerRegistry extends AsyncDisposable {
  /** `localhost:45678`. */
  readonly host: string
  /** Kills it and starts it again, at the same port with the same data. */
  restart(): Promise<void>
}

export interface DockerRegistryOptions {
  /** User and password that it wants; needs `htpasswd` of apache2-utils. */
  readonly user?: readonly [name: string, password: string]
  /** Paths of its certificate and key. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Signs the state of uploads. Without one, it makes one at each start, and forgets the uploads before. */
  readonly secret?: string
}

/** Starts docker-registry on a free port of the loopback, with its data in the folder. */
export async function startRegistry(
  dir: string,
  { user, tls, secret }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  mkdirSync(dir, { recursive: true })
  const port = await freePort()
  const config: string[] = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${dir}/data}, delete: {enabled: true}}`,
    'http:',
    `  addr: 127.0.0.1:${port}`,
    ...(secret ? [`  secret: ${secret}`] : []),
    ...(tls ? [`  tls: {certificate: ${tls.certificate}, key: ${tls.key}}`] : []),
  ]
  if (user) {
    const file = join(dir, 'htpasswd')
    writeFileSync(file, execFileSync('htpasswd', ['-Bbn', ...user]))
    config.push(`auth: {htpasswd: {realm: test, path: ${file}}}`)
  }
  writeFileSync(join(dir, 'config.yml'), `${config.join('\n')}\n`)
  const host = `localhost:${port}`
  const start = () => startServer(join(dir, 'config.yml'), host)
  let stop = await start()
  return {
    host,
    async restart() {
      await stop()
      stop = await start()
    },
    [Symbol.asyncDispose]: () => stop(),
  }
}

/** Waits until it answers; gives back what ends it. */
async function startServer(config: string, host: string): Promise<() => Promise<void>> {
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  for (const end = Date.now() + 30_000; ; await sleep(50)) {
    try {
      // Any answer will do, a refusal of plain HTTP too.
      await fetch(`http://${host}/v2/`)
      return stop
    } catch (error) {
      if (Date.now() < end && child.exitCode === null) continue
      await stop()
      throw error
    }
  }
}
