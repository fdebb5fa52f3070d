import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser of this machine, or undefined. */
export const chromium = programs.find((path) => existsSync(path))

type Result = Record<string, unknown>

/** A page in a real Chromium, by its DevTools protocol over a pipe. */
export interface Browser extends AsyncDisposable {
  send(method: string, params?: object): Promise<Result>
  /** Goes to an address and waits until it is loaded. */
  open(url: string): Promise<void>
  /** The value of an expression in the page; promises are waited for. */
  evaluate<T>(expression: string): Promise<T>
  /** Does something that leads to another page, and waits for that. */
  following(act: () => Promise<unknown>): Promise<void>
  press(key: 'Tab' | 'Enter'): Promise<void>
  type(text: string): Promise<void>
  /** A screen of that many pixels. */
  screen(options: { width: number; height: number; dark?: boolean }): Promise<void>
  /** PNG of the whole page. */
  screenshot(): Promise<Buffer>
  /** What went wrong in pages: exceptions, and what the content security policy refused. */
  readonly problems: string[]
}

export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'strake-browser-'))
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
  const child = spawn(chromium!, [...flags, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const input = child.stdio[3] as Writable
  const output = child.stdio[4] as Readable
  const waiting = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>()
  const listeners = new Set<(method: string) => void>()
  const problems: string[] = []
  let session: string | undefined
  let last = 0

  let rest = ''
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0')
    rest = parts.pop()!
    for (const part of parts) receive(JSON.parse(part))
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium has ended'))
  })

  // biome-ignore lint/suspicious/noExplicitAny: what the protocol sends
  function receive({ id, result, error, method, params }: any): void {
    if (id !== undefined) {
      const asked = waiting.get(id)
      waiting.delete(id)
      if (error) asked?.reject(new Error(error.message))
      else asked?.resolve(result)
      return
    }
    if (method === 'Runtime.exceptionThrown') problems.push(params.exceptionDetails.text)
    // A status of 401 and the like is told as an error of the network: that is no problem of the page.
    if (method === 'Log.entryAdded' && params.entry.level === 'error' && params.entry.source !== 'network') {
      problems.push(params.entry.text)
    }
    for (const listener of listeners) listener(method)
  }

  function send(method: string, params: object = {}): Promise<Result> {
    const id = ++last
    input.write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`)
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }

  async function following(act: () => Promise<unknown>): Promise<void> {
    const loaded = Promise.withResolvers<void>()
    const listener = (method: string) => method === 'Page.loadEventFired' && loaded.resolve()
    listeners.add(listener)
    try {
      await act()
      await loaded.promise
    } finally {
      listeners.delete(listener)
    }
  }

  const { targetInfos } = (await send('Target.getTargets')) as { targetInfos: { type: string; targetId: string }[] }
  const { targetId } = targetInfos.find(({ type }) => type === 'page')!
  session = (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId as string
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`)

  return {
    send,
    problems,
    following,
    open: (url) => following(() => send('Page.navigate', { url })),
    async evaluate<T>(expression: string): Promise<T> {
      const { result, exceptionDetails } = (await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      })) as { result: { value: T }; exceptionDetails?: { text: string } }
      if (exceptionDetails) throw new Error(exceptionDetails.text)
      return result.value
    },
    async press(key) {
      const code = { Tab: 9, Enter: 13 }[key]
      const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' && { text: '\r' }) }
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...event })
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
    },
    async type(text) {
      await send('Input.insertText', { text })
    },
    async screen({ width, height, dark = false }) {
      const mobile = width < 600
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile })
      const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
      await send('Emulation.setEmulatedMedia', { features })
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true })
      return Buffer.from(data as string, 'base64')
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill()
        await ended
      }
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}
