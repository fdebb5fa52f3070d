import { chmodSync, chownSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { enterPrivateMounts, mount, unmount } from '../../host/mod.ts'
import { writeLayer } from '../../layers/mod.ts'
import { bytesOf, type SourceRange, StrakeError } from '../../lib/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import type { Mount } from '../../runtime/mod.ts'
import { atRange } from '../at-range.ts'
import { keyOf } from '../cache.ts'
import { cacheMountKey, holdCacheMounts, type WantedCacheMount } from '../cache-mounts.ts'
import { collect } from '../context/collect.ts'
import { openTree } from '../context/tree.ts'
import { type Execution, type MountedRoot, scratchRoot, viewRoot } from '../execution.ts'
import type { Result } from '../graph.ts'
import { digestInRoot, pathInRoot } from './mount-source.ts'
import { place } from './place.ts'

/** A mount of a RUN step. Targets are absolute. */
export type StepMount = { readonly range: SourceRange } & (
  | { readonly kind: 'bind'; readonly target: string; readonly from: MountInput; readonly readonly: boolean }
  | {
      readonly kind: 'cache'
      readonly target: string
      readonly readonly: boolean
      readonly name: string
      readonly sharing: 'shared' | 'private' | 'locked'
      /** What a new one is filled with. */
      readonly from: MountInput | undefined
      /** Owner and mode of a new one; with one of them it is another cache mount than without. */
      readonly mode: number | undefined
      readonly uid: number | undefined
      readonly gid: number | undefined
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly readonly: boolean; readonly size: number | undefined }
  | ({ readonly kind: 'secret'; readonly target: string | undefined; readonly env: string | undefined } & Handed)
  | ({ readonly kind: 'ssh'; readonly target: string } & Handed)
)

/** What the person who builds hands on. */
interface Handed {
  readonly id: string
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface MountInput {
  /** The number of the input among those of the step. */
  readonly input: number
  /** The path in its root file system. */
  readonly path: string
  /**
   * What the step depends on: `key`, the input is there for this mount alone; `chain`, it never changes under its chain id;
   * `files`, what is at the path.
   */
  readonly content: 'key' | 'chain' | 'files'
}

/** Whatever of a mount can change what the step does; the content of cache mounts, secrets and agents is no part of it. */
export function mountKey(mount: StepMount): unknown {
  const { range: _, ...options } = mount
  if (options.kind !== 'cache') return options
  const { name: _name, sharing: _sharing, ...others } = options
  return others
}

/** The inputs that a step's mounts read. */
export function mountInputs(mounts: readonly StepMount[]): MountInput[] {
  return mounts.flatMap((mount) =>
    (mount.kind === 'bind' || mount.kind === 'cache') && mount.from ? [mount.from] : [],
  )
}

/** The digest of all that the mounts read. */
export async function mountContents(
  execution: Execution,
  results: readonly Result[],
  mounts: readonly StepMount[],
): Promise<Digest> {
  const parts: (string | undefined)[] = []
  for (const { input, path, content } of mountInputs(mounts)) {
    const result = results[input]!
    if (content === 'key') parts.push(result.key)
    else if (content === 'chain') parts.push(await result.chainId())
    else parts.push(digestInRoot(execution, result, path))
  }
  return keyOf('mounts', ...parts)
}

/** Mounts that are ready for the runtime, as long as they are not disposed of. */
export interface ReadyMounts extends Disposable {
  readonly mounts: readonly Mount[]
  readonly env: readonly string[]
  /** Variables that must be written to no disk. */
  readonly secretEnv: readonly string[]
}

export interface MountContext {
  readonly execution: Execution
  readonly results: readonly Result[]
  /** The step as it is written. */
  readonly description: string
  readonly vertex: string
}

/** Makes everything ready that a step's mounts ask for. Throws `not_found` with the mount's place, `cancelled`. */
export async function readyMounts(wanted: readonly StepMount[], context: MountContext): Promise<ReadyMounts> {
  using stack = new DisposableStack()
  const preparation = new Preparation(context, stack)
  const caches = await preparation.caches(wanted)
  const mounts: Mount[] = []
  const env: string[] = []
  const secretEnv: string[] = []
  for (const mount of wanted) {
    switch (mount.kind) {
      case 'bind': {
        const source = preparation.inRoot(mount.from, mount)
        mounts.push({ kind: 'bind', source, target: mount.target, readonly: mount.readonly })
        break
      }
      case 'cache':
        mounts.push({ kind: 'bind', source: caches.get(mount)!, target: mount.target, readonly: mount.readonly })
        break
      case 'tmpfs': {
        // Programs may be run there, as in BuildKit.
        const options = ['exec', 'dev', ...(mount.size ? [`size=${mount.size}`] : [])]
        mounts.push({ kind: 'tmpfs', source: 'tmpfs', target: mount.target, readonly: mount.readonly, options })
        break
      }
      case 'secret': {
        const secret = preparation.secret(mount)
        if (mount.env !== undefined && secret?.includes(0)) {
          const message = `secret ${mount.id} can't be the value of ${mount.env}: it holds a NUL byte`
          throw new StrakeError('invalid', message, { range: mount.range, hint: 'Mount it as a file.' })
        }
        if (mount.env !== undefined) secretEnv.push(`${mount.env}=${Buffer.from(secret ?? []).toString()}`)
        if (mount.target !== undefined && secret) mounts.push(preparation.secretFile(mount.target, secret, mount))
        break
      }
      case 'ssh':
        if (!env.length) env.push(`SSH_AUTH_SOCK=${mount.target}`)
        mounts.push(...(await preparation.socket(mount)))
    }
  }
  const owned = stack.move()
  return { mounts, env, secretEnv, [Symbol.dispose]: () => owned.dispose() }
}

type CacheStepMount = Extract<StepMount, { kind: 'cache' }>
type SecretMount = Extract<StepMount, { kind: 'secret' }>
type SshMount = Extract<StepMount, { kind: 'ssh' }>

class Preparation {
  readonly #context: MountContext
  readonly #stack: DisposableStack
  readonly #views = new Map<number, MountedRoot>()
  #secretDirectory: string | undefined
  #count = 0

  constructor(context: MountContext, stack: DisposableStack) {
    this.#context = context
    this.#stack = stack
  }

  #directory(name: string): string {
    return mkdtempSync(join(this.#context.execution.scratch, `${this.#context.vertex}-${name}-`))
  }

  /** The path on this machine of what a bind mount shows. */
  inRoot({ input, path }: MountInput, { readonly, range }: { readonly: boolean; range: SourceRange }): string {
    const { execution, results } = this.#context
    const { snapshot } = results[input]!
    let root = readonly ? this.#views.get(input) : undefined
    root ??= this.#stack.use(readonly ? viewRoot(execution, snapshot) : scratchRoot(execution, snapshot))
    if (readonly) this.#views.set(input, root)
    const { path: whole } = root
    return atRange(range, () => pathInRoot(whole, path))
  }

  /** The directories of the cache mounts; the same one for those of the same key. */
  async caches(wanted: readonly StepMount[]): Promise<ReadonlyMap<StepMount, string>> {
    const { execution, results, description, vertex } = this.#context
    const byKey = new Map<string, WantedCacheMount>()
    const keys = new Map<StepMount, string>()
    for (const mount of wanted) {
      if (mount.kind !== 'cache') continue
      const { name, sharing, mode, uid, gid, from } = mount
      const owned = mode !== undefined || uid !== undefined || gid !== undefined
      const key = cacheMountKey(name, mount, from && [(await results[from.input]!.chainId()) ?? 'scratch', from.path])
      keys.set(mount, key)
      if (byKey.has(key)) continue
      const fill = from && !owned ? (directory: string) => this.#fill(directory, mount, from) : undefined
      const root = { mode: mode ?? 0o755, uid: uid ?? 0, gid: gid ?? 0 }
      byKey.set(key, { key, name, description, sharing, ...root, fill })
    }
    if (byKey.size === 0) return new Map()
    const { store, lease, signal } = execution
    const drafts = this.#directory('caches')
    const names = [...byKey.keys()]
    const held = this.#stack.use(
      await holdCacheMounts({ store, lease, signal, drafts }, [...byKey.values()], ({ name }) =>
        execution.progress({
          kind: 'log',
          vertex,
          stream: 'stderr',
          data: Buffer.from(`waiting for the cache mount ${name}, which another step has locked\n`),
        }),
      ),
    )
    return new Map([...keys].map(([mount, key]) => [mount, held.paths[names.indexOf(key)]!]))
  }

  async #fill(directory: string, { range }: CacheStepMount, { input, path }: MountInput): Promise<void> {
    const { execution, results } = this.#context
    using root = viewRoot(execution, results[input]!.snapshot)
    const source = atRange(range, () => pathInRoot(root.path, path))
    const top = statSync(source, { bigint: true })
    if (!top.isDirectory()) {
      throw new StrakeError('invalid', `a cache mount can't be filled from ${path}: it is not a directory`, { range })
    }
    const { entries } = place(collect(openTree(bytesOf(source), 'the mounted root'), ['.'], { metadata: true }), {
      destination: bytesOf('/'),
      lower: openTree(bytesOf(directory), 'the cache mount'),
      owner: undefined,
      chmod: undefined,
      now: top.mtimeNs,
      epoch: undefined,
    })
    await writeLayer(directory, entries, { signal: execution.signal })
    chownSync(directory, Number(top.uid), Number(top.gid))
    chmodSync(directory, Number(top.mode) & 0o7777)
  }

  secret({ id, required, range }: SecretMount): Uint8Array | undefined {
    const secret = this.#context.execution.secrets.get(id)
    if (secret || !required) return secret
    throw new StrakeError('not_found', `secret ${id}: not found`, {
      range,
      hint: `Give it to the build: --secret id=${id},src=FILE or --secret id=${id},env=VARIABLE`,
    })
  }

  /** A file in memory. */
  secretFile(target: string, secret: Uint8Array, { mode, uid, gid }: SecretMount): Mount {
    this.#secretDirectory ??= this.#memory()
    const source = join(this.#secretDirectory, String(this.#count++))
    writeFileSync(source, secret, { mode: 0o600 })
    chownSync(source, uid, gid)
    chmodSync(source, mode)
    return { kind: 'bind', source, target, readonly: true, options: ['nosuid', 'nodev', 'noexec'] }
  }

  #memory(): string {
    enterPrivateMounts()
    const directory = this.#directory('secrets')
    mount('tmpfs', directory, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, 'mode=0700')
    this.#stack.defer(() => unmount(directory))
    return directory
  }

  async socket({ id, required, target, mode, uid, gid, range }: SshMount): Promise<Mount[]> {
    const { ssh } = this.#context.execution
    if (!ssh.has(id)) {
      if (!required) return []
      throw new StrakeError('not_found', `unset ssh forward key ${id}`, {
        range,
        hint: `Hand an agent or a key on to the build: --ssh ${id}${id === 'default' ? '' : '=SOCKET|KEY'}`,
      })
    }
    const socket = this.#stack.use(await ssh.open(id, this.#directory('ssh'), { mode, uid, gid }))
    return [{ kind: 'bind', source: socket.path, target, readonly: false }]
  }
}

const MS_NOSUID = 2
const MS_NODEV = 4
const MS_NOEXEC = 8
