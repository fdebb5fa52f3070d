import { parentPort } from 'node:worker_threads'
import { StrakeError } from '../lib/mod.ts'
import type { Answer } from './crew.ts'
import { type Job, perform } from './jobs.ts'

/** Jobs are done one after the other: one that blocks must not be between two steps of another one. */
let last: Promise<void> | undefined

parentPort!.on('message', (job: Job) => {
  last = last ? last.then(() => done(job)) : done(job)
})

async function done(job: Job): Promise<void> {
  let answer: Answer
  try {
    answer = { result: await perform(job) }
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
