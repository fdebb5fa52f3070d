import { parentPort } from 'node:worker_threads'
import { StrakeError } from '../lib/mod.ts'
import { performApply } from './apply-job.ts'
import type { Answer } from './crew.ts'
import { type ApplyJob, type Job, perform } from './jobs.ts'

/** Jobs are done one after the other: one that blocks must not be between two steps of another one. */
let last: Promise<void> | undefined

parentPort!.on('message', (job: Job | ApplyJob) => {
  last = last ? last.then(() => done(job)) : done(job)
})

async function done(job: Job | ApplyJob): Promise<void> {
  let answer: Answer
  try {
    answer = { result: job.kind === 'apply' ? await performApply(job) : perform(job) }
  } catch (error) {
    const { message } = error as Error
    answer = {
      error:
        error instanceof StrakeError
          ? { code: error.code, message, hint: error.hint }
          : { code: 'internal', message, hint: undefined },
    }
  }
  parentPort!.postMessage(answer)
}
