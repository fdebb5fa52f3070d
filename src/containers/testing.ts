import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { openImages } from '../images/mod.ts'
import { removeBridge } from '../network/mod.ts'
import { type ContainerConfig, type DiffId, hostPlatform, parseReference } from '../oci/mod.ts'
import { temporaryStore } from '../store/testing.ts'
import { listContainers, removeContainer } from './mod.ts'
import { runDirectory } from './places.ts'
import type { Context } from './types.ts'

/** A store with an image `box` of busybox. Disposing it ends and removes all containers, and what is on the machine of them. */
export interface TestContext extends Context, AsyncDisposable {
  readonly root: string
  /** Adds an image with busybox and what `prepare` puts beside it. */
  addImage(name: string, config?: ContainerConfig, prepare?: (root: string) => void): void
}

export function testContext(): TestContext {
  const temporary = temporaryStore()
  const { store, root } = temporary
  const images = openImages(store)
  const context: TestContext = {
    store,
    images,
    root,
    addImage(name, config = {}, prepare = () => {}) {
      using lease = store.lease('test')
      const { id, dir } = store.snapshots.prepare(undefined, lease)
      mkdirSync(join(dir, 'bin'))
      mkdirSync(join(dir, 'tmp'))
      copyFileSync('/bin/busybox', join(dir, 'bin/busybox'))
      for (const applet of applets()) symlinkSync('busybox', join(dir, 'bin', applet))
      prepare(dir)
      // No layer of this image is ever packed: any hash will do.
      const diffId = `sha256:${createHash('sha256').update(randomBytes(16)).digest('hex')}` as DiffId
      store.snapshots.commit(id, { diffId, tarSize: 1024, size: 1 })
      const image = images.create({ config: { ...hostPlatform, config }, snapshot: id }, lease)
      images.tag(image, parseReference(name))
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of await listContainers(context)) await removeContainer(context, id, { force: true })
      await removeBridge(store)
      rmSync(runDirectory(store), { recursive: true, force: true })
      temporary[Symbol.dispose]()
    },
  }
  context.addImage('box', { Cmd: ['sh'], Env: ['PATH=/bin'] })
  return context
}

function applets(): string[] {
  const list = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  return list.filter((applet) => applet !== 'busybox')
}

export const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' }
