import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, StrakeError } from '../lib/mod.ts'
import { type ApplyJob, type Job, perform, type Result } from './jobs.ts'
import type { AppliedLayer } from './types.ts'

/** Those who do jobs. The same `lane` means the same thread, and jobs in their order. */
export interface Crew {
  /** How many jobs are done at the same time. */
  readonly size: number
  do<J extends Job>(job: J, lane?: number): Promise<Result<J>>
}

/** Does jobs at once on the calling thread: a worker thread takes longer to start than a little work takes. */
export const caller: Crew = {
  size: 1,
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

const all: Threads[] = []

/** A thread that has so many jobs has enough to do. */
const mostWaiting = 4

class Threads implements Crew {
  readonly size: number
  #members: (Member | undefined)[] = []

  constructor(size: number) {
    this.size = size
    all.push(this)
  }

  do<J extends Job | ApplyJob>(job: J, lane?: number): Promise<Result<J>> {
    return this.#give(job, lane === undefined ? this.#leastBusy() : this.#at(lane % this.size))
  }

  /** Gives the job to one of the first `count`, if one gets to it soon. */
  offer<J extends Job>(job: J, count: number): Promise<Result<J>> | undefined {
    let best: Member | undefined
    for (let index = 0; index < count; index++) {
      const member = this.#at(index)
      if (member.online && member.waiting.length < (best?.waiting.length ?? mostWaiting)) best = member
    }
    return best && this.#give(job, best)
  }

  /** Has that many start, so that they are there when they are needed. */
  start(count: number): void {
    for (let index = 0; index < count; index++) this.#at(index)
  }

  #give<J extends Job | ApplyJob>(job: J, member: Member): Promise<Result<J>> {
    return new Promise<Result<J>>((resolve, reject) => {
      if (member.waiting.length === 0) member.worker.ref()
      member.waiting.push({ resolve: resolve as (result: unknown) => void, reject })
      member.worker.postMessage(job)
    })
  }

  /** Starts one only where all that run have something to do. */
  #leastBusy(): Member {
    const idle = this.#members.find((member) => member?.waiting.length === 0)
    if (idle) return idle
    for (let i = 0; i < this.size; i++) if (!this.#members[i]) return this.#at(i)
    const load = ({ waiting, online }: Member) => waiting.length + (online ? 0 : 1)
    return this.#members.map((member) => member!).reduce((best, member) => (load(member) < load(best) ? member : best))
  }

  #at(index: number): Member {
    this.#members[index] ??= start((member) => {
      if (this.#members[index] === member) this.#members[index] = undefined
    })
    return this.#members[index]
  }

  async dismiss(): Promise<void> {
    const members = this.#members
    this.#members = []
    await Promise.all(members.map((member) => member?.worker.terminate()))
  }
}

const processors = Math.min(availableParallelism(), 8)

/** Worker threads, started when they are first needed. They keep the process alive only while they work. */
export const workers = new Threads(processors)

const others = Math.max(1, processors - 1)

/**
 * Worker threads and the caller's own, which does what those would not get to soon: one thread less is to be started, and
 * no processor waits.
 */
export const together: Crew & { start(): void } = {
  size: others + 1,
  do: <J extends Job>(job: J, lane?: number) =>
    lane === undefined ? (workers.offer(job, others) ?? caller.do(job)) : workers.do(job, lane),
  start() {
    // V8's last compiler takes longer than its code saves in the life of a build. (As an option of the command line, it
    // would make V8 refuse the code that Node.js brings along.)
    process.getBuiltinModule('node:v8').setFlagsFromString('--no-turbofan')
    workers.start(others)
  },
}

/** Those who unpack blobs as these come, and wait for them: the others have quicker work to do. */
export const unpackers: { do(job: ApplyJob): Promise<AppliedLayer> } = new Threads(3)

function start(onLost: (member: Member) => void): Member {
  // In a release this code is somewhere in dist/, beside worker.cjs; in the sources the worker is beside this file.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.cjs'
  // Options of this process, such as --input-type, need not be good for a worker.
  // Descriptors are opened by the kernel's own calls, and closed by Node's.
  const worker = new Worker(new URL(file, import.meta.url), { execArgv: [], trackUnmanagedFds: false })
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
    onLost(member)
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
  await Promise.all(all.map((crew) => crew.dismiss()))
}
