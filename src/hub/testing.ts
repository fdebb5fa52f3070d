import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, mediaTypes } from '../oci/mod.ts'
import { hashPassword } from './access/passwords.ts'
import { type HubData, openHub } from './hub.ts'
import { type LogEvent, type RunningHub, type ServeOptions, serve } from './server.ts'

export const password = 'correct horse'

export interface TestHub extends AsyncDisposable {
  readonly folder: string
  readonly url: string
  /** Beside the server, as a command has it. */
  readonly data: HubData
  readonly log: LogEvent[]
  restart(): Promise<void>
}

/** A hub on a free port, in a new folder unless one is given, with the administrator `root1`, the users `alice` and `bob`, and the organisation `team`. */
export async function startHub(options: Partial<ServeOptions> = {}): Promise<TestHub> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'strake-hub-'))
  const log: LogEvent[] = []
  const start = () => serve({ data: folder, host: '127.0.0.1', port: 0, log: (event) => log.push(event), ...options })
  const data = openHub(folder)
  const hashed = await hashPassword(password)
  for (const name of ['root1', 'alice', 'bob']) {
    await data.accounts.addUser({ name, admin: name === 'root1', password: hashed })
  }
  await data.accounts.addNamespace({ name: 'team', kind: 'organisation', upstream: undefined })
  let running: RunningHub = await start()
  return {
    folder,
    data,
    log,
    get url() {
      return running.url
    },
    async restart() {
      await running.close()
      running = await start()
    },
    async [Symbol.asyncDispose]() {
      await running.close()
      data[Symbol.dispose]()
      if (options.data === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function basic(user: string, secret = password): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` }
}

export interface Sending {
  readonly user?: string | undefined
  readonly headers?: Record<string, string>
  readonly body?: RequestInit['body'] | undefined
}

/** One request, by somebody. */
export async function send(
  hub: { readonly url: string },
  line: string,
  { user, headers, body }: Sending = {},
): Promise<Response> {
  const [method, path] = line.split(' ') as [string, string]
  const url = new URL(path, hub.url)
  return await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(user !== undefined && basic(user)), ...headers },
    ...(body !== undefined && { body }),
  })
}

/** Pushes bytes at once. */
export async function pushBlob(
  hub: { readonly url: string },
  repository: string,
  { user, content }: { readonly user: string; readonly content: Uint8Array },
): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
  const body = content as RequestInit['body']
  const answer = await send(hub, `POST /v2/${repository}/blobs/uploads/?digest=${digest}`, { user, body })
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  return digest
}

export interface PushedImage {
  readonly digest: string
  readonly layer: string
  readonly config: string
  readonly manifest: string
}

/** Pushes an image of one layer of chance bytes. */
export async function pushImage(
  hub: { readonly url: string },
  repository: string,
  { user, tag, content = randomBytes(2000) }: { user: string; tag?: string; content?: Uint8Array },
): Promise<PushedImage> {
  const history = [{ created_by: 'COPY app / # buildkit' }, { created_by: 'CMD ["/app"]', empty_layer: true }]
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Labels: { x: '<script>1</script>' } },
      rootfs: { type: 'layers', diff_ids: [digestOf(content)] },
      history,
    }),
  )
  const layer = await pushBlob(hub, repository, { user, content })
  const image = await pushBlob(hub, repository, { user, content: config })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: image, size: config.length },
    layers: [{ mediaType: mediaTypes.layerGzip, digest: layer, size: content.length }],
  })
  const digest = digestOf(manifest)
  const answer = await putManifest(hub, `${repository}/manifests/${tag ?? digest}`, { user, manifest })
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  return { digest, layer, config: image, manifest }
}

export async function putManifest(
  hub: { readonly url: string },
  path: string,
  { user, manifest, type = mediaTypes.manifest }: { user: string; manifest: string; type?: string },
): Promise<Response> {
  return await send(hub, `PUT /v2/${path}`, { user, body: manifest, headers: { 'content-type': type } })
}

/** The code of the first error of an answer. */
export async function errorCode(answer: Response): Promise<string> {
  return ((await answer.json()) as { errors: { code: string }[] }).errors[0]!.code
}
