import { createHash, type Hash } from 'node:crypto'
import { constants, deflateRawSync } from 'node:zlib'
import { isal } from '../host/mod.ts'
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

/** Deflates a block of a longer stream. */
export interface DeflateJob {
  readonly kind: 'deflate'
  /** The end of the block before, then the block. */
  readonly input: Uint8Array
  readonly dictionary: number
  /** Gets what it is packed into, with the room that `packedRoom` says. */
  readonly output: Uint8Array
  /** zlib's. Where it is left out, whatever packs best in the time that there is. */
  readonly level: number | undefined
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
  ? string[]
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

/** Most bytes that a block may take: data that can't be packed is stored, with 5 bytes for each 16 KiB and an end. */
export function packedRoom(block: number): number {
  return block + (block >> 10) + 1024
}

/**
 * A block that is not the last one ends with an empty stored block, which brings it to a byte boundary (RFC 1951).
 *
 * @returns the number of bytes
 */
function deflateBlock({ input, dictionary, output, level, last }: DeflateJob): number {
  const block = input.subarray(dictionary)
  const quick = level === undefined ? isal() : undefined
  if (quick) return quick(block, output, last)
  const packed = deflateRawSync(block, {
    level: level ?? 6,
    ...(dictionary > 0 && { dictionary: input.subarray(0, dictionary) }),
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
  })
  output.set(packed)
  return packed.length
}
