import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { BuildContext } from '../engine/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Terminal } from './command.ts'

/** Where the build finds its files and its Dockerfile, as BuildOptions has them. */
export interface Found {
  readonly context: BuildContext
  readonly file?: string
  readonly dockerfile?: Uint8Array
}

type Input = Pick<Terminal, 'stdin' | 'inIsTerminal'>

/**
 * What the argument of `build` and its `-f` mean: a folder, `-` (a tar or a Dockerfile on standard input), a URL of a
 * git repository, of a tar or of a Dockerfile, or the path of a Dockerfile, whose folder is the context then.
 */
export async function findContext(argument: string, file: string | undefined, input: Input): Promise<Found> {
  if (argument === '-') {
    if (file === '-')
      throw new StrakeError('invalid', "invalid argument: can't use stdin for both build context and dockerfile")
    const stream = chunks(readable(input, 'the build context'))
    const start = await take(stream, 512)
    if (start.length === 0) throw new StrakeError('invalid', 'standard input is empty: there is no Dockerfile in it')
    if (isArchive(start)) return { context: { kind: 'tar', stream: continued(start, stream) }, ...(file && { file }) }
    return { context: { kind: 'empty' }, dockerfile: await whole(continued(start, stream)) }
  }
  const context = place(argument)
  if (context.kind === 'file') {
    if (file !== undefined) {
      const hint = `Name the folder and the Dockerfile, or the Dockerfile alone: strake build ${argument}`
      throw new StrakeError('invalid', `the context ${JSON.stringify(argument)} is not a folder`, { hint })
    }
    if (isArchive(startOf(argument))) {
      const hint = `The files of a build come out of an archive that is sent in: strake build - < ${argument}`
      throw new StrakeError('invalid', `${JSON.stringify(argument)} is an archive, not a Dockerfile`, { hint })
    }
    return { context: { kind: 'directory', path: dirname(argument) }, file: argument }
  }
  if (file === '-') return { context, dockerfile: await readInput(input, 'the Dockerfile') }
  return { context, ...(file && { file }) }
}

function place(argument: string): BuildContext | { readonly kind: 'file' } {
  const stats = lookAt(argument)
  if (stats?.isDirectory()) return { kind: 'directory', path: argument }
  if (stats) return { kind: 'file' }
  if (isGit(argument)) return { kind: 'git', url: argument.replace(/^github\.com\//, 'https://$&') }
  if (/^https?:\/\//.test(argument)) return { kind: 'url', url: argument }
  throw new StrakeError('not_found', `unable to prepare context: path ${JSON.stringify(argument)} not found`, {
    hint: argument === '' ? 'The context is the last argument, most often a dot: strake build .' : undefined,
  })
}

/** The start of a file. A pipe, which could be read only once, has none. */
function startOf(path: string): Buffer {
  if (!lookAt(path)?.isFile()) return Buffer.alloc(0)
  const fd = openSync(path, 'r')
  try {
    const start = Buffer.alloc(512)
    return start.subarray(0, readSync(fd, start))
  } finally {
    closeSync(fd)
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // A URL may be no path at all (ENAMETOOLONG, ENOTDIR, NUL).
    return undefined
  }
}

/** As docker tells git from other URLs, and `file:` and `ssh:`, which only git is asked for. */
function isGit(text: string): boolean {
  return /^(git|ssh|file):\/\/|^git@|^github\.com\//.test(text) || /^https?:\/\/.*\.git(#.*)?$/.test(text)
}

/** All of standard input. Throws `invalid` where it is a terminal; `what` is to come from there. */
export function readInput(input: Input, what: string): Promise<Uint8Array> {
  return whole(chunks(readable(input, what)))
}

function readable({ stdin, inIsTerminal }: Input, what: string): NodeJS.ReadStream {
  if (!inIsTerminal) return stdin
  throw new StrakeError('invalid', `standard input is a terminal, and ${what} is to come from there`, {
    hint: 'Send it in: strake build - < Dockerfile, or name a folder: strake build .',
  })
}

async function* chunks(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

/** At least `least` bytes of the start, or all there is. */
async function take(stream: AsyncGenerator<Uint8Array, undefined>, least: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let length = 0; length < least; ) {
    const { value } = await stream.next()
    if (!value) break
    parts.push(value)
    length += value.length
  }
  return Buffer.concat(parts)
}

async function* continued(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield start
  yield* rest
}

const mostOfDockerfile = 16 << 20

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of stream) {
    length += part.length
    if (length > mostOfDockerfile) {
      throw new StrakeError('invalid', 'standard input is neither a tar nor a Dockerfile: it is too long')
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const magics = ['1f8b08', '425a68', 'fd377a585a00', '28b52ffd']

/** Whether bytes are the start of a tar, or of a tar that gzip, bzip2, xz or zstd has compressed. */
function isArchive(start: Buffer): boolean {
  const hex = start.subarray(0, 6).toString('hex')
  return magics.some((magic) => hex.startsWith(magic)) || isTarHeader(start)
}

/** By the header's checksum (POSIX ustar): the sum of its bytes with blanks in the place of the sum. An empty tar is zeros. */
function isTarHeader(start: Buffer): boolean {
  if (start.length < 512) return false
  const header = start.subarray(0, 512)
  let sum = 0
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 32 : byte
  if (sum === 8 * 32) return true
  return Number.parseInt(header.toString('latin1', 148, 156).trim(), 8) === sum
}
