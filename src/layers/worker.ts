import { parentPort } from 'node:worker_threads'
import { StrakeError } from '../lib/mod.ts'
import type { Answer } from './crew.ts'
import { type Job, perform } from './jobs.ts'

parentPort!.on('message', (job: Job) => {
  let answer: Answer
  try {
    answer = { result: perform(job) }
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
})
