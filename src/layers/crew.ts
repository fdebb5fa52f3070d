import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, StrakeError } from '../lib/mod.ts'
import { type Job, perform, type Result } from './jobs.ts'

/** Those who do jobs. The same `lane` means the same thread, and jobs in their order. */
export interface Crew {
  /** How many jobs are done at the same time. */
  readonly size: number
  /** Whether somebody could begin with a job now. */
  readonly ready: boolean
  do<J extends Job>(job: J, lane?: number): Promise<Result<J>>
}

/** Does jobs at once on the calling thread: a worker thread takes longer to start than a little work takes. */
export const caller: Crew = {
  size: 1,
  ready: true,
  async do<J extends Job>(job: J) {
    return perform(job) as Result<J>
  },
}

/** What a worker answers. */
export type Answer = { readonly result: unknown } | { readonly error: Failure }

/** A StrakeError or another error on its way between threads. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
}

interface Member {
  readonly worker: Worker
  online: boolean
  /** Jobs are answered in the order in which they were given. */
  readonly waiting: { resolve(result: unknown): void; reject(error: unknown): void }[]
}

let members: (Member | undefined)[] = []
const threads = Math.min(availableParallelism(), 8)

/** Worker threads, started when they are first needed. They keep the process alive only while they work. */
export const workers: Crew = {
  size: threads,
  /** Asking starts them. */
  get ready() {
    let ready = false
    for (let i = 0; i < threads; i++) ready = at(i).online || ready
    return ready
  },
  do<J extends Job>(job: J, lane?: number) {
    const member = lane === undefined ? leastBusy() : at(lane % threads)
    return new Promise<Result<J>>((resolve, reject) => {
      if (member.waiting.length === 0) member.worker.ref()
      member.waiting.push({ resolve: resolve as (result: unknown) => void, reject })
      member.worker.postMessage(job)
    })
  },
}

/** Has them start, so that they are there when they are needed. */
export function startWorkers(): void {
  for (let index = 0; index < threads; index++) at(index)
}

function leastBusy(): Member {
  const all = Array.from({ length: threads }, (_, index) => at(index))
  const load = ({ waiting, online }: Member) => waiting.length + (online ? 0 : 1)
  return all.reduce((best, member) => (load(member) < load(best) ? member : best))
}

function at(index: number): Member {
  members[index] ??= start(index)
  return members[index]
}

function start(index: number): Member {
  // In a release this code is somewhere in dist/, beside worker.cjs; in the sources the worker is beside this file.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.cjs'
  // Options of this process, such as --input-type, need not be good for a worker.
  const worker = new Worker(new URL(file, import.meta.url), { execArgv: [] })
  const member: Member = { worker, online: false, waiting: [] }
  worker.once('online', () => {
    member.online = true
  })
  worker.on('message', (answer: Answer) => {
    const job = member.waiting.shift()!
    if (member.waiting.length === 0) worker.unref()
    if ('result' in answer) job.resolve(answer.result)
    else job.reject(new StrakeError(answer.error.code, answer.error.message, { hint: answer.error.hint }))
  })
  const lost = (why: string, cause?: unknown) => {
    if (members[index] === member) members[index] = undefined
    for (const job of member.waiting.splice(0)) {
      job.reject(new StrakeError('internal', `a worker thread ended: ${why}`, { cause }))
    }
  }
  worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error), error))
  worker.on('exit', (code) => lost(`exit code ${code}`))
  // Only now: listening for messages would keep the process alive again.
  worker.unref()
  return member
}

/** Ends the worker threads; they start again when they are needed. */
export async function dismissWorkers(): Promise<void> {
  const all = members
  members = []
  await Promise.all(all.map((member) => member?.worker.terminate()))
}
