import { chmodSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Material } from '../attest/mod.ts'
import { enterPrivateMounts, mountOverlay, unmount } from '../host/mod.ts'
import type { ProgressSink, StrakeError } from '../lib/mod.ts'
import type { NamespacePool } from '../network/mod.ts'
import type { Digest } from '../oci/mod.ts'
import type { HostTrust } from '../runtime/mod.ts'
import { type ActiveSnapshot, type Lease, removeTree, type SnapshotId, type Store } from '../store/mod.ts'
import type { Secrets } from './secrets.ts'
import type { SshAgents } from './ssh.ts'

/** Where a build has its files. */
export interface Workspace {
  readonly store: Store
  readonly lease: Lease
  /** A directory of this build alone, gone when it ends. */
  readonly scratch: string
  /** What came from elsewhere so far. */
  readonly materials: Material[]
  readonly progress: ProgressSink
  readonly signal: AbortSignal | undefined
}

/** What operations work with while one build runs. */
export interface Execution extends Workspace {
  readonly namespaces: NamespacePool
  /** The host's CA bundle and proxy, for steps that run. */
  readonly trust: () => HostTrust
  readonly secrets: Secrets
  readonly ssh: SshAgents
  /** The layers that the same operation made before, the newest first; none in a build without cache. */
  readonly earlier: (operation: Digest) => SnapshotId[]
  /** Is told of a RUN step that failed, while all that the step saw still stands. */
  readonly onFailure: ((failed: FailedStep) => Promise<void>) | undefined
}

/** A RUN step that failed, in the state in which it did. */
export interface FailedStep {
  readonly vertex: string
  /** What the person wrote. */
  readonly command: string
  readonly error: StrakeError
  /**
   * Runs a shell there, with the step's environment, folder, user, network and mounts, on this process' own standard
   * input, output and error. Gives its exit code. Where the image has no shell, busybox of this machine is mounted.
   */
  shell(): Promise<number>
}

export interface MountedRoot extends Disposable {
  readonly path: string
}

let mounts = 0

/** The root file system of a snapshot, read-only. Seen by this process and its children only. */
export function viewRoot(
  workspace: Pick<Workspace, 'store' | 'scratch'>,
  snapshot: SnapshotId | undefined,
): MountedRoot {
  const lower = workspace.store.snapshots.stack(snapshot)
  return mountRoot(workspace, (target) => {
    if (lower.length) mountOverlay(target, { lower })
  })
}

/** The root file system of a new layer on its parent; what is written there goes into the layer. */
export function writableRoot(execution: Execution, layer: ActiveSnapshot, parent: SnapshotId | undefined): MountedRoot {
  const lower = execution.store.snapshots.stack(parent)
  if (!lower.length) return { path: layer.dir, [Symbol.dispose]() {} }
  return mountRoot(execution, (target) =>
    mountOverlay(target, { lower, upper: { dir: layer.dir, work: layer.work, volatile: true } }),
  )
}

/** The root file system of a snapshot, writable; what is written there is gone when it is disposed of. */
export function scratchRoot(execution: Execution, snapshot: SnapshotId | undefined): MountedRoot {
  const lower = execution.store.snapshots.stack(snapshot)
  const upper = mkdtempSync(join(execution.scratch, 'upper-'))
  const [dir, work] = [join(upper, 'fs'), join(upper, 'work')]
  mkdirSync(dir)
  chmodSync(dir, 0o755)
  mkdirSync(work)
  const { path, ...root } = lower.length
    ? mountRoot(execution, (target) => mountOverlay(target, { lower, upper: { dir, work, volatile: true } }))
    : { path: dir, [Symbol.dispose]() {} }
  return {
    path,
    [Symbol.dispose]() {
      root[Symbol.dispose]()
      removeTree(upper)
    },
  }
}

function mountRoot({ scratch }: Pick<Workspace, 'scratch'>, mount: (target: string) => void): MountedRoot {
  enterPrivateMounts()
  const path = join(scratch, `root-${++mounts}`)
  mkdirSync(path)
  mount(path)
  return {
    path,
    [Symbol.dispose]() {
      try {
        unmount(path)
      } catch (error) {
        // A view of scratch has nothing mounted.
        if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
      }
      rmdirSync(path)
    },
  }
}
