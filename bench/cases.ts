import { createCipheriv } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tool } from './tools.ts'

/** One number of a case, and the part of Docker's time that Strake may take for it. */
export interface Measure {
  readonly title: string
  readonly target: number
}

export interface Case {
  readonly name: string
  readonly measures: readonly Measure[]
  /** Lays out the files. */
  prepare?(dir: string): void
  /** One round with one tool: `measure` runs a script with the clock on, once for each of `measures`, in order. */
  round(tool: Tool, measure: (script: string) => Promise<void>, dir: string): Promise<void>
  /** Takes the files away. */
  clean?(dir: string): void
}

function dockerfile(dir: string, name: string, lines: readonly string[]): void {
  mkdirSync(join(dir, name), { recursive: true })
  writeFileSync(join(dir, name, 'Dockerfile'), ['FROM busybox:bench', ...lines, ''].join('\n'))
}

const count = (length: number) => Array.from({ length }, (_, index) => index + 1)

/** Bytes that no compression makes smaller, always the same for the same seed. */
function bytes(size: number, seed: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16, seed & 0xff))
  cipher.update(Buffer.from(`seed ${seed}`))
  return cipher.update(Buffer.alloc(size))
}

const files = 20_000
const megabytes = 158

export const cases: readonly Case[] = [
  {
    name: 'cached-10',
    measures: [{ title: 'Build of 10 steps, all cached', target: 1 / 3 }],
    prepare(dir) {
      dockerfile(dir, 'cached-10', [
        'WORKDIR /app',
        'ENV MODE=production',
        ...count(4).map((n) => `RUN echo ${n} > /app/${n}`),
        'COPY files /app/files',
        'EXPOSE 80',
        'LABEL bench=cached-10',
        'CMD ["true"]',
      ])
      mkdirSync(join(dir, 'cached-10/files'))
      for (const n of count(20)) writeFileSync(join(dir, `cached-10/files/${n}`), bytes(4096, n))
    },
    async round(tool, measure) {
      const build = tool.build('cached-10', 'bench-cached-10')
      await tool.session.run(build)
      await measure(build)
    },
  },
  {
    name: 'run-50',
    measures: [{ title: 'Build of 50 RUN steps, --no-cache', target: 1 / 4 }],
    prepare: (dir) =>
      dockerfile(
        dir,
        'run-50',
        count(50).map((n) => `RUN echo ${n} > /${n}`),
      ),
    round: (tool, measure) => measure(tool.build('run-50', 'bench-run-50', { noCache: true })),
  },
  {
    name: 'cached-200',
    measures: [{ title: 'Build of 200 steps (50 layers), all cached', target: 1 / 2 }],
    prepare: (dir) =>
      dockerfile(
        dir,
        'cached-200',
        count(200).map((n) => (n % 4 ? `ENV STEP_${n}=${n}` : `RUN echo ${n} > /${n}`)),
      ),
    async round(tool, measure) {
      const build = tool.build('cached-200', 'bench-cached-200')
      await tool.session.run(build)
      await measure(build)
    },
  },
  {
    name: 'copy-files',
    measures: [
      { title: `COPY of ${files.toLocaleString('en')} files (${megabytes} MB), the first time`, target: 1 / 5 },
      { title: '… unchanged', target: 1 / 2 },
      { title: '… with one file changed', target: 1 / 6 },
    ],
    prepare(dir) {
      dockerfile(dir, 'copy-files', ['COPY tree /tree'])
      const content = bytes((megabytes * 1e6) / files + files, 1)
      for (let n = 0; n < files; n++) {
        const folder = join(dir, 'copy-files/tree', String(n % 40), String(n % 5))
        if (n < 200) mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, `file-${n}`), content.subarray(n, n + (megabytes * 1e6) / files))
      }
    },
    async round(tool, measure, dir) {
      const build = tool.build('copy-files', 'bench-copy-files')
      await tool.session.run(tool.fresh)
      await measure(build)
      await measure(build)
      writeFileSync(join(dir, 'copy-files/tree/7/2/file-7'), String(process.hrtime.bigint()))
      await measure(build)
    },
    clean: (dir) => rmSync(join(dir, 'copy-files'), { recursive: true }),
  },
  {
    name: 'copy-big',
    measures: [
      { title: 'COPY of one file of 1 GiB, the first time', target: 0.3 },
      { title: '… again with --no-cache', target: 0.8 },
    ],
    prepare(dir) {
      dockerfile(dir, 'copy-big', ['COPY big /big'])
      for (const n of count(16)) writeFileSync(join(dir, 'copy-big/big'), bytes(64 << 20, n), { flag: 'a' })
    },
    async round(tool, measure) {
      await tool.session.run(tool.fresh)
      await measure(tool.build('copy-big', 'bench-copy-big'))
      await measure(tool.build('copy-big', 'bench-copy-big', { noCache: true }))
      await tool.session.run(tool.fresh)
    },
    clean: (dir) => rmSync(join(dir, 'copy-big'), { recursive: true }),
  },
  {
    name: 'run',
    measures: [{ title: 'run --rm IMAGE true, with a bridge', target: 1 / 2 }],
    round: (tool, measure) => measure(tool.run('busybox:bench')),
  },
  {
    name: 'images',
    measures: [{ title: 'images', target: 0.8 }],
    round: (tool, measure) => measure(tool.images),
  },
  {
    name: 'history',
    measures: [{ title: 'history', target: 0.8 }],
    round: (tool, measure) => measure(tool.history('busybox:bench')),
  },
]
