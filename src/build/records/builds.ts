import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StrakeError } from '../../lib/mod.ts'
import { ownerIsGone, removeTree, type Store } from '../../store/mod.ts'
import type { BuildRecord } from './types.ts'

/**
 * Records are kept of the latest 100 builds, and logs of not more than 512 MiB together; the latest build always has its own.
 * What is above goes with the next collection of garbage.
 */
const kept = { builds: 100, logBytes: 512 * 1024 ** 2 }

/** The builds that are known of, the latest first. */
export function listBuilds(store: Store): BuildRecord[] {
  return store.db
    .prepare('SELECT record, owner, started_at, ended_at FROM builds ORDER BY started_at DESC, id')
    .all()
    .map(toRecord)
}

/**
 * The build of that id, of the beginning of one that is like no other, or `^N`: the N-th before the latest. Without a
 * reference it is the latest. Throws `not_found` and `invalid`.
 */
export function findBuild(store: Store, ref = '^0'): BuildRecord {
  const at = /^\^(\d+)$/.exec(ref)?.[1]
  const { db } = store
  const rows =
    at === undefined
      ? db.prepare('SELECT * FROM builds WHERE id >= ? AND id < ? LIMIT 2').all(ref, `${ref}\x7f`)
      : db.prepare('SELECT * FROM builds ORDER BY started_at DESC, id LIMIT 1 OFFSET ?').all(Number(at))
  if (rows.length > 1) throw new StrakeError('invalid', `several builds begin with ${JSON.stringify(ref)}`)
  if (rows[0] && ref !== '') return toRecord(rows[0])
  throw new StrakeError(
    'not_found',
    at === undefined ? `no record found for ${JSON.stringify(ref)}` : 'no such build',
    {
      hint: 'Builds are listed by: strake build history ls',
    },
  )
}

function toRecord(row: object): BuildRecord {
  const { record, owner, started_at, ended_at } = row as {
    record: string
    owner: string
    started_at: number
    ended_at: number | null
  }
  const build = JSON.parse(record) as BuildRecord
  return ended_at === null && ownerIsGone(owner, started_at) ? { ...build, status: 'killed' } : build
}

/** Throws `conflict` for a build that runs. */
export function removeBuilds(store: Store, builds: readonly BuildRecord[]): void {
  const running = builds.find(({ status }) => status === 'running')
  if (running) {
    throw new StrakeError('conflict', `the build ${running.id} is running`, { hint: 'Stop it first, or wait for it.' })
  }
  store.transaction(() => {
    const remove = store.db.prepare('DELETE FROM builds WHERE id = ?')
    for (const { id } of builds) remove.run(id)
  })
  for (const { id } of builds) removeTree(join(store.root, 'builds', id))
}

/** The log of one step, as its processes wrote it: both streams, in the order in which they came. */
export function buildLog(store: Store, build: string, step: string): Buffer | undefined {
  const path = logFile(store.root, build, step)
  return existsSync(path) ? readFileSync(path) : undefined
}

export function logFile(storeRoot: string, build: string, step: string): string {
  return join(storeRoot, 'builds', build, `${step}.log`)
}

/** Removes the records that are too many, with their logs. */
export function trimBuilds(store: Store): void {
  const { count, bytes } = store.db.prepare('SELECT count(*) AS count, sum(log_bytes) AS bytes FROM builds').get() as {
    count: number
    bytes: number
  }
  if (count <= kept.builds && bytes <= kept.logBytes) return
  const rows = store.db
    .prepare('SELECT id, owner, started_at, ended_at, log_bytes FROM builds ORDER BY started_at DESC, id')
    .all() as { id: string; owner: string; started_at: number; ended_at: number | null; log_bytes: number }[]
  let logBytes = 0
  const over = rows.findIndex((row, i) => {
    logBytes += row.log_bytes
    return i > 0 && logBytes > kept.logBytes
  })
  const first = over < 0 ? kept.builds : Math.min(over, kept.builds)
  const old = rows.slice(first).filter((row) => row.ended_at !== null || ownerIsGone(row.owner, row.started_at))
  store.transaction(() => {
    const remove = store.db.prepare('DELETE FROM builds WHERE id = ?')
    for (const { id } of old) remove.run(id)
  })
  for (const { id } of old) removeTree(join(store.root, 'builds', id))
}
