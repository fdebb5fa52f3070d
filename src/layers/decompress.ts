import { spawn } from 'node:child_process'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { ended, type Inflater, isalInflater } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { zstdFrames } from './zstd-frames.ts'

type Form = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2'

/** How each form begins. */
const magics: readonly (readonly [Form, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
]
const chunkSize = 256 * 1024

/**
 * Detects gzip, zstd, xz, bzip2 by their first bytes; anything else passes through. Several gzip members or zstd frames
 * in a row are one stream. A chunk is valid until the next one is asked for.
 *
 * @throws `corrupt`; `unavailable` where xz or bzip2 is needed and not installed
 */
export async function* decompress(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* (await open(bytes)).bytes
}

/** As `decompress`, and tells what it found. */
export async function open(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly form: Form; readonly bytes: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  while (head.length < 6) {
    const { value, done } = await iterator.next()
    if (done) break
    head = head.length ? Buffer.concat([head, value]) : Buffer.from(value.buffer, value.byteOffset, value.length)
  }
  const form = magics.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0] ?? 'none'
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { form, bytes: decoded(form, whole()) }
}

function decoded(form: Form, bytes: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  switch (form) {
    case 'none':
      return bytes
    case 'gzip': {
      const quick = isalInflater()
      return quick ? inflated(bytes, quick) : through(bytes, createGunzip({ chunkSize }))
    }
    case 'zstd':
      return through(zstdFrames(bytes), createZstdDecompress({ chunkSize }))
    case 'xz':
    case 'bzip2':
      return throughProgram(bytes, form)
  }
}

/** As gunzip: after a member comes another one, or zeros that fill a block of something. */
async function* inflated(bytes: AsyncIterable<Uint8Array>, inflater: Inflater): AsyncGenerator<Uint8Array> {
  const output = Buffer.allocUnsafeSlow(chunkSize)
  let filled = 0
  let state: 'member' | 'between' | 'padding' = 'member'
  for await (const chunk of bytes) {
    for (let at = 0; state !== 'padding'; ) {
      if (state === 'between') {
        if (at === chunk.length) break
        state = chunk[at] === 0 ? 'padding' : 'member'
        if (state === 'padding') break
        inflater.next()
      }
      const { read, written } = attempt(() => inflater.inflate(chunk.subarray(at), output.subarray(filled)))
      at += read
      filled += written
      if (inflater.ended) state = 'between'
      if (filled < output.length) {
        if (at === chunk.length) break
        continue
      }
      yield output
      filled = 0
    }
  }
  // What came before the damage tells what this is.
  if (filled > 0) yield output.subarray(0, filled)
  if (state === 'member') throw damaged('unexpected end of file')
}

function attempt<T>(inflate: () => T): T {
  try {
    return inflate()
  } catch (error) {
    throw damaged((error as Error).message, error)
  }
}

function damaged(why: string, cause?: unknown): StrakeError {
  return new StrakeError('corrupt', `the compressed data is damaged: ${why}`, { cause })
}

async function* through(bytes: AsyncIterable<Uint8Array>, decoder: Duplex): AsyncGenerator<Uint8Array> {
  const consumer = { gone: false }
  const feeding = feed(bytes, decoder, consumer)
  try {
    yield* decoder as AsyncIterable<Uint8Array>
    await feeding
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    if (!/^Z(?:STD)?_/.test(code)) throw error
    throw damaged((error as Error).message, error)
  } finally {
    consumer.gone = true
    decoder.destroy()
  }
}

/**
 * Writes all bytes to a decoder. Padding after the compressed data, which the decoder does not take, is read all the
 * same: the bytes are hashed on their way here. An error of the source destroys the decoder with it.
 */
async function feed(
  bytes: AsyncIterable<Uint8Array>,
  decoder: Duplex,
  consumer: { readonly gone: boolean },
): Promise<void> {
  let wake = () => {}
  for (const event of ['drain', 'end', 'close']) decoder.on(event, () => wake())
  try {
    for await (const chunk of bytes) {
      if (consumer.gone) return
      if (decoder.readableEnded || decoder.destroyed || decoder.write(chunk)) continue
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    if (!decoder.destroyed) decoder.end()
  } catch (error) {
    decoder.destroy(error as Error)
  }
}

async function* throughProgram(bytes: AsyncGenerator<Uint8Array>, form: 'xz' | 'bzip2'): AsyncGenerator<Uint8Array> {
  const child = spawn(form, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = ended(child, form)
  exit.catch(() => {})
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1000)
  })
  let sourceError: unknown
  const fed = pipeline(Readable.from(bytes, { objectMode: false }), child.stdin).catch((error) => {
    // When the program is done or dead it takes no more; its exit code says which.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      sourceError = error
      child.kill('SIGKILL')
    }
  })
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>
    const exitCode = await exit
    await fed
    if (sourceError) throw sourceError
    if (exitCode !== 0) throw damaged(said.trim())
  } finally {
    child.kill('SIGKILL')
  }
}
