import { spawn } from 'node:child_process'
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BuildResult } from '../build/mod.ts'
import { strakeProgram } from '../host/mod.ts'
import { errno, type OperationOptions, StrakeError } from '../lib/mod.ts'
import { type BuilderPruned, forget, sweep } from './builder-prune.ts'
import type { CacheUsage } from './disk-usage.ts'
import type { Engine } from './engine.ts'
import { readGcPolicy } from './gc-policy.ts'
import { diskOf } from './space-limits.ts'

/**
 * Applies the rules of the policy to the build cache, and removes what nothing needs. While another process does it, nothing
 * happens. Throws `invalid` for a policy that can't be understood.
 */
export function builderGc(engine: Engine): BuilderPruned {
  const { store } = engine
  const policy = readGcPolicy(diskOf(store.root))
  using lease = store.lease('gc')
  using claim = store.claim('gc', lease)
  const records: CacheUsage[] = []
  let bytes = 0
  if (!claim) return { records, bytes }
  for (const rule of policy) {
    const gone = forget(engine, rule)
    records.push(...gone)
    // The next rule is to see the space that is free by now.
    if (gone.length) bytes += sweep(engine)
  }
  return { records, bytes: bytes + sweep(engine) }
}

/** How long nothing is collected after a collection: after a build that made something, and after one that did not. */
const pauses = { made: 5 * 60_000, nothing: 24 * 3600_000 }

/**
 * Does the build, and then starts the collection of garbage, if it is due, in a process of its own that outlives this one. All
 * that a build pays for it is one look at a file's time. A policy that can't be understood is told of.
 */
export async function collecting(
  engine: Engine,
  options: OperationOptions,
  build: () => Promise<BuildResult>,
): Promise<BuildResult> {
  let made = true
  try {
    const result = await build()
    made = result.cached < result.steps
    return result
  } finally {
    schedule(engine, made, options)
  }
}

function schedule({ store }: Engine, made: boolean, { progress }: OperationOptions): void {
  try {
    if (!isDue(join(store.root, 'cache/gc'), made ? pauses.made : pauses.nothing)) return
    readGcPolicy(diskOf(store.root))
  } catch (error) {
    // The policy, or a full disk: no reason for a build to fail.
    if (!(error instanceof StrakeError) && errno(error) === undefined) throw error
    const message = `the build cache is not kept small: ${(error as Error).message}`
    progress?.({ kind: 'notice', level: 'warning', message })
    return
  }
  const [program, ...args] = strakeProgram()
  const env = { ...process.env, STRAKE_ROOT: store.root }
  const options = { detached: true, stdio: 'ignore', env } as const
  const child = spawn(program, [...args, 'builder', 'gc', '--background'], options)
  // It is tried again after another build.
  child.on('error', () => {})
  child.unref()
}

/** Whether the file's time is so long ago; it is now then. A new store has nothing to collect. */
function isDue(stamp: string, pause: number): boolean {
  const last = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs
  const now = Date.now()
  if (last !== undefined && last <= now && now - last < pause) return false
  touch(stamp)
  return last !== undefined
}

function touch(file: string): void {
  const now = new Date()
  try {
    utimesSync(file, now, now)
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
  }
}
