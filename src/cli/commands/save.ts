import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { save } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'save',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  examples: [
    'strake save -o app.tar app:1.0 app:latest',
    'strake save app | zstd > app.tar.zst',
    'strake save app | docker load',
  ],
  options: {
    output: { kind: 'string', short: 'o', value: 'file', help: 'Write to a file, instead of STDOUT' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  async run({ options, args, terminal, signal, engine }) {
    const { output } = options
    if (output === undefined && terminal.outIsTerminal) {
      throw new StrakeError('invalid', 'cowardly refusing to save to a terminal. Use the -o flag or redirect')
    }
    const archive = save(engine(), { images: args, signal })
    if (output === undefined) for await (const chunk of archive) terminal.out(chunk)
    else await writeFile(output, archive)
    return 0
  },
})

/** Writes the file next to its place and moves it there when it is whole. Pipes and devices are written to. */
async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory()) throw new StrakeError('invalid', `failed to save image: ${path} is a directory`)
  const isPlain = !there || there.isFile()
  const target = isPlain ? join(dirname(path), `.${process.pid}.strake-save`) : path
  try {
    const fd = openSync(target, 'w', 0o600)
    try {
      for await (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done)
    } finally {
      closeSync(fd)
    }
    if (isPlain) renameSync(target, path)
  } catch (error) {
    if (isPlain) rmSync(target, { force: true })
    throw error
  }
}
