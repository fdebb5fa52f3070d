import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bootstrap, type Images, openImages } from '../images/mod.ts'
import type { ProgressEvent, StrakeError } from '../lib/mod.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import type { BuildOptions } from './types.ts'

/** For node:test's options of tests that build. */
export const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' }

/** A store with busybox in a temporary folder, and builds in it. */
export class TestBuilds implements Disposable {
  readonly home = mkdtempSync('/var/tmp/strake-builds-')
  readonly store: Store = openStore(join(this.home, 'store'))
  readonly images: Images = openImages(this.store)
  #contexts = 0

  static async open(): Promise<TestBuilds> {
    const builds = new TestBuilds()
    await bootstrap(builds.store, builds.images, { distribution: 'busybox', suite: 'latest' })
    return builds
  }

  /** A context with these files. */
  context(dockerfile: string, files: Record<string, string> = {}) {
    const path = join(this.home, `context-${++this.#contexts}`)
    const write = (name: string, text: string) => {
      mkdirSync(dirname(join(path, name)), { recursive: true })
      writeFileSync(join(path, name), text)
    }
    for (const [name, text] of Object.entries({ ...files, Dockerfile: dockerfile })) write(name, text)
    return { path, write }
  }

  /** Builds; tells how many RUNs were not cached, what they said, and all that was told. */
  async run(path: string, more: Partial<BuildOptions> = {}) {
    let done = 0
    let log = ''
    let events = ''
    const progress = (event: ProgressEvent) => {
      if (event.kind === 'vertex' && event.state === 'done' && event.step?.text.startsWith('RUN')) done++
      if (event.kind === 'log') log += Buffer.from(event.data).toString()
      events += JSON.stringify(event.kind === 'log' ? Buffer.from(event.data).toString() : event)
    }
    const options = { context: { kind: 'directory', path }, network: 'none', ca: 'none', progress, ...more } as const
    const result = await build(this.store, this.images, options)
    return { ...result, done, log, events }
  }

  /** The build fails with these fields of an error, at this line and column. */
  async fails(
    path: string,
    more: Partial<BuildOptions>,
    { at, ...fields }: Partial<StrakeError> & { at?: [number, number] },
  ): Promise<void> {
    await assert.rejects(this.run(path, more), (error: StrakeError) => {
      for (const [name, value] of Object.entries(fields)) assert.equal(error[name as keyof StrakeError], value)
      if (at) assert.deepEqual([error.range?.start.line, error.range?.start.column], at)
      return true
    })
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
    removeTree(this.home)
  }
}
