import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bootstrap, type Image, type Images, openImages, writeIndex } from '../images/mod.ts'
import { missText, type ProgressEvent } from '../lib/mod.ts'
import { type Platform, parseReference } from '../oci/mod.ts'
import { withoutDockerHub } from '../registry/testing.ts'
import { openStore, removeTree, type Store } from '../store/mod.ts'
import { build } from './build.ts'
import type { BuildRecord } from './records/types.ts'
import type { BuildOptions, BuildResult } from './types.ts'

/** What a build did. */
export interface Built extends BuildResult {
  /** Texts of the steps that made a layer anew, in the order in which they ended. */
  readonly done: readonly string[]
  /** Why, in one line each, by the text of the step. */
  readonly why: Readonly<Record<string, string>>
  readonly log: string
  readonly record: BuildRecord
}

/** For tests: a folder with a store that has busybox, and contexts. */
export class Workshop implements Disposable {
  readonly home = mkdtempSync('/var/tmp/strake-workshop-')
  readonly store: Store
  readonly images: Images
  #contexts = 0

  private constructor() {
    this.store = openStore(join(this.home, 'store'))
    this.images = openImages(this.store)
    Object.assign(process.env, withoutDockerHub(join(this.home, 'docker')))
  }

  static async open(): Promise<Workshop> {
    const workshop = new Workshop()
    await bootstrap(workshop.store, workshop.images, { distribution: 'busybox', suite: 'latest' })
    return workshop
  }

  context(files: Readonly<Record<string, string>> = {}): Context {
    const path = join(this.home, `context-${++this.#contexts}`)
    mkdirSync(path)
    const context = new Context(path)
    for (const [name, text] of Object.entries(files)) context.write(name, text)
    return context
  }

  /** Builds without network. What fails is thrown. */
  async build(context: Context, more: Partial<BuildOptions> = {}): Promise<Built> {
    const states = new Map<string, string>()
    const why: Record<string, string> = {}
    const log: Buffer[] = []
    let record: BuildRecord | undefined
    const progress = (event: ProgressEvent) => {
      if (event.kind === 'log') log.push(Buffer.from(event.data))
      if (event.kind !== 'vertex' || !event.step) return
      states.set(event.step.text, event.state)
      if (event.miss) why[event.step.text] = missText(event.miss)
    }
    const result = await build(this.store, this.images, {
      context: { kind: 'directory', path: context.path },
      network: 'none',
      ca: 'none',
      progress,
      onRecord: (ended) => {
        record = ended
      },
      ...more,
    })
    const done = [...states].flatMap(([text, state]) =>
      state === 'done' && /^(?:RUN|COPY|ADD|WORKDIR)\b/.test(text) ? [text] : [],
    )
    return { ...result, done, why, log: Buffer.concat(log).toString(), record: record! }
  }

  /** Makes a base for these platforms, of the files of busybox: its programs all run on this machine. */
  indexBase(name: string, platforms: readonly Platform[]): void {
    const { store, images } = this
    using lease = store.lease('test')
    const busybox = images.get('busybox')
    const members = platforms.map((platform) => {
      const { rootfs: _, ...config } = images.config(busybox)
      const image = images.create({ config: { ...config, ...platform }, snapshot: busybox.snapshot }, lease)
      return { descriptor: { ...image.manifest, platform }, image }
    })
    const manifest = writeIndex(store, { manifests: members.map(({ descriptor }) => descriptor) }, lease)
    images.tagIndex({ manifest, members }, parseReference(name))
  }

  image({ id }: BuildResult): Image {
    return this.images.get(id)
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]()
    removeTree(this.home)
  }
}

/** A folder that is built. */
export class Context {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  at(name: string): string {
    return join(this.path, name)
  }

  write(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    rmSync(this.at(name), { force: true })
    writeFileSync(this.at(name), text)
    chmodSync(this.at(name), mode)
  }

  link(name: string, target: string): void {
    mkdirSync(dirname(this.at(name)), { recursive: true })
    rmSync(this.at(name), { force: true })
    symlinkSync(target, this.at(name))
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true, force: true })
  }
}
