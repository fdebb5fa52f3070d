import { createHash, type Hash } from 'node:crypto'
import { type DeflateJob, deflateBlock } from './deflate.ts'
import { type Fresh, fillPieces } from './fill.ts'
import { type PackedPieces, unpackPieces } from './pieces.ts'
import type { AppliedLayer } from './types.ts'

/** What worker threads do: messages to them, and what comes back. */
export type Job = FillJob | HashJob | DeflateJob

export interface FillJob {
  readonly kind: 'fill'
  readonly segment: Uint8Array
  readonly pieces: PackedPieces
  readonly fresh: Fresh
}

/** One step of a hash over several segments. All steps of a stream go to the same thread, in order. */
export interface HashJob {
  readonly kind: 'hash'
  readonly stream: number
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** Unpacks the layer that is in a file: long work, in threads of its own. */
export interface ApplyJob {
  readonly kind: 'apply'
  readonly dir: string
  readonly fd: number
  /** Of the file. */
  readonly growth: SharedArrayBuffer
  readonly lower: readonly string[]
  /** Of the layers below that are not finished. */
  readonly below: readonly SharedArrayBuffer[]
}

export type Result<J extends Job | ApplyJob> = J extends FillJob
  ? Uint8Array
  : J extends HashJob
    ? string | undefined
    : J extends DeflateJob
      ? number
      : J extends ApplyJob
        ? AppliedLayer
        : never

const streams = new Map<number, Hash>()

export function perform(job: Job): Result<Job> {
  switch (job.kind) {
    case 'fill':
      return fillPieces(job.segment, unpackPieces(job.pieces), job.fresh)
    case 'hash':
      return continueHash(job)
    case 'deflate':
      return deflateBlock(job)
  }
}

/** The SHA-256 (hex) with the last step. */
function continueHash({ stream, bytes, last }: HashJob): string | undefined {
  const hash = streams.get(stream) ?? createHash('sha256')
  hash.update(bytes)
  if (!last) {
    streams.set(stream, hash)
    return undefined
  }
  streams.delete(stream)
  return hash.digest('hex')
}
