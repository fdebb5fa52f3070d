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
}

export interface DockerRegistryOptions {
  /** User and password that it wants; needs `htpasswd` of apache2-utils. */
  readonly user?: readonly [name: string, password: string]
  /** Paths of its certificate and key. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

/** Starts docker-registry on a free port of the loopback, with its data in the folder. */
export async function startRegistry(dir: string, { user, tls }: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  mkdirSync(dir, { recursive: true })
  const port = await freePort()
  const config: string[] = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${dir}/data}, delete: {enabled: true}}`,
    'http:',
    `  addr: 127.0.0.1:${port}`,
    ...(tls ? [`  tls: {certificate: ${tls.certificate}, key: ${tls.key}}`] : []),
  ]
  if (user) {
    const file = join(dir, 'htpasswd')
    writeFileSync(file, execFileSync('htpasswd', ['-Bbn', ...user]))
    config.push(`auth: {htpasswd: {realm: test, path: ${file}}}`)
  }
  writeFileSync(join(dir, 'config.yml'), `${config.join('\n')}\n`)
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const host = `localhost:${port}`
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  for (const end = Date.now() + 30_000; ; await sleep(50)) {
    try {
      // Any answer will do, a refusal of plain HTTP too.
      await fetch(`http://${host}/v2/`)
      return { host, [Symbol.asyncDispose]: stop }
    } catch (error) {
      if (Date.now() < end && child.exitCode === null) continue
      await stop()
      throw error
    }
  }
}
