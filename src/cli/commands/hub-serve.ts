import { isIP } from 'node:net'
import { type LogEvent, openHub, type RunningHub, readCertificate, selfSigned, serve } from '../../hub/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command, type Terminal } from '../command.ts'
import { dataFolder, dataOption, timeSpan } from '../hub-data.ts'
import { byteSize } from '../option-values.ts'

export default command({
  name: 'hub serve',
  usage: '[OPTIONS]',
  summary: 'Serve a registry with accounts and a web page',
  examples: [
    'strake hub serve                                        for this machine: http://localhost:5000',
    'strake hub serve --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem',
    'strake hub serve --url https://hub.example.com --trust-proxy     behind a proxy',
  ],
  options: {
    data: dataOption,
    'gc-interval': {
      kind: 'string',
      value: 'duration',
      help: 'How often what nobody needs is removed; 0m for never',
      default: '6h',
    },
    listen: { kind: 'string', value: 'address', help: 'Address and port to listen on', default: '127.0.0.1:5000' },
    'log-format': { kind: 'string', help: 'text or json (default json where the output is no terminal)' },
    'max-blob': { kind: 'string', value: 'bytes', help: 'Largest layer that is taken, as 10g (default any)' },
    private: { kind: 'boolean', help: 'What a push makes is private until its owner changes it' },
    'tls-cert': { kind: 'string', value: 'file', help: 'Certificate, with those above it (PEM)' },
    'tls-key': { kind: 'string', value: 'file', help: 'Its key (PEM)' },
    'tls-self-signed': { kind: 'boolean', help: 'Make a certificate, and say how clients trust it' },
    'trust-proxy': { kind: 'boolean', help: 'Believe X-Forwarded-For and X-Forwarded-Proto' },
    url: { kind: 'string', help: 'How clients name the hub, where a proxy stands before it' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, signal }) {
    const data = dataFolder(options.data, terminal.env)
    const { host, port } = listenAddress(options.listen ?? '127.0.0.1:5000')
    const tls = await certificate(options, data)
    const url = options.url === undefined ? undefined : publicUrl(options.url)
    const hub = await serve({
      data,
      host,
      port,
      tls,
      url,
      trustProxy: options['trust-proxy'] ?? false,
      visibility: options.private ? 'private' : 'public',
      maxBlob: options['max-blob'] === undefined ? Number.MAX_SAFE_INTEGER : byteSize(options['max-blob']),
      collectEvery: timeSpan(options['gc-interval'] ?? '6h'),
      log: logger(terminal, options['log-format']),
    })
    try {
      terminal.err(await greeting({ hub, data, url, tls: tls?.file }))
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    } finally {
      await hub.close()
    }
    return 0
  },
})

interface TlsOptions {
  readonly 'tls-cert': string | undefined
  readonly 'tls-key': string | undefined
  readonly 'tls-self-signed': boolean | undefined
}

async function certificate(options: TlsOptions, data: string) {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-self-signed': own } = options
  if ((cert === undefined) !== (key === undefined) || (own && cert !== undefined)) {
    throw new StrakeError('invalid', '--tls-cert and --tls-key belong together, and --tls-self-signed stands alone')
  }
  if (cert !== undefined && key !== undefined) return readCertificate(cert, key)
  if (!own) return undefined
  // Makes the folder, or says why it can't be.
  openHub(data)[Symbol.dispose]()
  return await selfSigned(data)
}

/** `127.0.0.1:5000`, `[::1]:5000`, `:5000`, `5000`. */
function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:(?:\[([\da-fA-F:]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? []
  const host =
    bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain || (text.startsWith(':') ? '0.0.0.0' : '127.0.0.1'))
  if (port === undefined || Number(port) > 65535 || isIP(host) === 0) {
    const hint = 'An address and a port: 127.0.0.1:5000, 0.0.0.0:443, [::1]:5000'
    throw new StrakeError('invalid', `invalid address ${JSON.stringify(text)}`, { hint })
  }
  return { host, port: Number(port) }
}

function publicUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    const hint = 'A scheme and a host: https://hub.example.com'
    throw new StrakeError('invalid', `invalid URL ${JSON.stringify(text)}`, { hint })
  }
  return url.origin
}

interface Start {
  readonly hub: RunningHub
  readonly data: string
  readonly url: string | undefined
  /** The file of the certificate. */
  readonly tls: string | undefined
}

/** What to do next: with an empty hub, the first user; then how to push. */
async function greeting({ hub, data, url, tls }: Start): Promise<string> {
  const shown = url ?? hub.url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])/, '//localhost')
  const host = shown.replace(/^https?:\/\//, '')
  using opened = openHub(data)
  const users = await opened.accounts.users()
  const name = users[0]?.name ?? 'alice'
  const lines = [`Hub on ${shown}, data in ${data}`]
  if (users.length === 0) {
    const flag = data === dataFolder(undefined, process.env) ? '' : ` --data ${data}`
    lines.push('', 'It has no users yet. Add the first one, an administrator, in another terminal:')
    lines.push(`  strake hub user add --admin${flag} ${name}`)
  }
  lines.push('', 'Push to it:', `  docker login ${host}`, `  docker tag app ${host}/${name}/app`)
  lines.push(`  docker push ${host}/${name}/app`, "('strake' in the place of 'docker' does the same.)")
  if (tls !== undefined) {
    lines.push('', 'Clients trust its certificate when they have it as:')
    lines.push(`  /etc/docker/certs.d/${host}/ca.crt    from ${tls}`)
  } else if (!/^https:/.test(shown) && !/^http:\/\/(localhost|127\.)/.test(shown)) {
    lines.push(
      '',
      'Without TLS, other machines take it only as an insecure registry: see --tls-cert, --tls-self-signed.',
    )
  }
  return `${lines.join('\n')}\n\n`
}

function logger(terminal: Terminal, given: string | undefined): (event: LogEvent) => void {
  const format = given ?? (terminal.outIsTerminal ? 'text' : 'json')
  if (format !== 'text' && format !== 'json') {
    throw new StrakeError('invalid', `invalid log format ${JSON.stringify(format)}`, { hint: 'One of text, json.' })
  }
  return (event) => {
    const time = new Date().toISOString()
    try {
      terminal.out(format === 'json' ? `${JSON.stringify({ time, ...event })}\n` : `${time} ${textLine(event)}\n`)
    } catch {
      // Nobody reads the log any more: no reason to stop serving.
    }
  }
}

function textLine({ level, message, ...fields }: LogEvent): string {
  if (message === 'request') {
    const { method, path, status, ms, user = '-', client } = fields
    // What a client sent must not write to a terminal.
    const shown = JSON.stringify(path ?? '')
      .slice(1, -1)
      .replace(/[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    return `${client} ${user} ${method} ${shown} ${status} ${ms}ms`
  }
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [level === 'info' ? '' : level.toUpperCase(), message, ...rest].filter((word) => word !== '').join(' ')
}
