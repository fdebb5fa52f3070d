import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ProgressEvent, ProgressSink } from '../../lib/mod.ts'
import type { Store } from '../../store/mod.ts'
import { logFile } from './builds.ts'
import type { BuildRecord, StepRecord } from './types.ts'

/** What is known of a build before it begins. */
export type BuildSubject = Pick<BuildRecord, 'name' | 'context' | 'file' | 'targets' | 'tags'> & {
  readonly project: string
}

/** Keeps a record of the build that tells `sink` of itself, and the whole log of each step. */
export interface Recorder {
  readonly sink: ProgressSink
  readonly id: string
  /** Tells how it ended, and gives the record. */
  finish(end: Pick<BuildRecord, 'status' | 'image' | 'error'>): BuildRecord
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type OpenStep = Writable<StepRecord> & {
  log?: number
  /** The rest of its log could not be written. */
  isCut?: true
  bytes: Map<string, { kind: 'read' | 'written'; count: number }>
}

/** @param owner the process, as leases name it */
export function recordBuild(store: Store, subject: BuildSubject, owner: string): Recorder {
  const { db } = store
  const { project, ...shown } = subject
  const id = buildId()
  const startedAt = Date.now()
  const steps = new Map<string, OpenStep>()
  function record(end: Pick<BuildRecord, 'status'> & Partial<BuildRecord>): BuildRecord {
    const finished = [...steps.values()].map(({ log: _, isCut: __, bytes, ...step }): StepRecord => {
      const sum = (kind: 'read' | 'written') =>
        [...bytes.values()].reduce((total, part) => total + (part.kind === kind ? part.count : 0), 0)
      return { ...step, read: sum('read'), written: sum('written') }
    })
    const logBytes = finished.reduce((sum, step) => sum + step.logBytes, 0)
    return { id, ...shown, startedAt, steps: finished, logBytes, ...end }
  }

  /** First when a step begins: a build that finds everything writes once. */
  function save(now: BuildRecord): BuildRecord {
    store.transaction(() =>
      db
        .prepare(
          `INSERT INTO builds (id, project, owner, started_at, ended_at, log_bytes, record) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET record = excluded.record, ended_at = excluded.ended_at,
             log_bytes = excluded.log_bytes`,
        )
        .run(id, project, owner, startedAt, now.endedAt ?? null, now.logBytes, JSON.stringify(now)),
    )
    return now
  }

  function take(event: ProgressEvent): void {
    if (event.kind === 'vertex') {
      const { id: vertex, name, step, state, at, inputs = [], key, from, miss, reason } = event
      let known = steps.get(vertex)
      if (!known) {
        const none = { read: 0, written: 0, logBytes: 0, bytes: new Map() }
        known = { id: vertex, name, ...(step && { step }), state, startedAt: at, inputs, ...none }
        steps.set(vertex, known)
      }
      known.state = state
      if (key !== undefined) known.key = key
      if (from !== undefined) known.from = from
      if (miss) known.miss = miss
      if (reason !== undefined) known.error = reason
      // So that something is known of a build that is killed while the step runs.
      if (state === 'started') save(record({ status: 'running' }))
      else known.endedAt = at
      if (state !== 'started' && known.log !== undefined) closeLog(known)
    } else if (event.kind === 'status') {
      if (event.counts) steps.get(event.vertex)?.bytes.set(event.id, { kind: event.counts, count: event.current })
    } else if (event.kind === 'log') {
      const step = steps.get(event.vertex)
      if (step) log(step, event.data)
    }
  }

  function log(step: OpenStep, data: Uint8Array): void {
    if (step.isCut) return
    try {
      if (step.log === undefined) {
        mkdirSync(join(store.root, 'builds', id), { recursive: true, mode: 0o700 })
        step.log = openSync(logFile(store.root, id, step.id), 'a', 0o600)
      }
      for (let at = 0; at < data.length; ) {
        const written = writeSync(step.log, data, at)
        at += written
        step.logBytes += written
      }
    } catch {
      // A full disk, mostly. That is for the step to meet: what it prints then is still shown, and no longer kept.
      step.isCut = true
    }
  }

  function closeLog(step: OpenStep): void {
    if (step.log !== undefined) closeSync(step.log)
    delete step.log
  }

  return {
    id,
    sink: take,
    finish(end) {
      for (const step of steps.values()) closeLog(step)
      return save(record({ ...end, endedAt: Date.now() }))
    },
  }
}

function buildId(): string {
  return BigInt(`0x${randomBytes(17).toString('hex')}`)
    .toString(36)
    .padStart(25, '0')
    .slice(-25)
}
