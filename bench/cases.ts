import { createCipheriv } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tool } from './tools.ts'

/** One number of a case. */
export interface Measure {
  readonly title: string
  /** The part of Docker's time that Strake may take for it. */
  readonly target?: number
  /** Another measure of the case, by its place, and how many times as long as that one it may take with the same tool. */
  readonly beside?: { readonly measure: number; readonly target: number }
  /** How often it is taken in a round: one of 30 ms says little. */
  readonly times?: number
}

export interface Case {
  readonly name: string
  readonly measures: readonly Measure[]
  /** No more rounds than that, for what takes minutes. */
  readonly rounds?: number
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

/** A folder `tree` with that many small files, 5,000 to a folder and 100 to each of its own. */
function manyFiles(dir: string, name: string, total: number): void {
  dockerfile(dir, name, ['COPY tree /tree'])
  for (let n = 0; n < total; n++) {
    const folder = join(dir, name, 'tree', String(Math.floor(n / 5000)), String(n % 50))
    if (n % 5000 < 50) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file-${n}`), `file ${n}\n`)
  }
}

const stages = 16
const often = 5
const slow = (n: number) => [`RUN sleep 1; echo ${n} > /1`, `RUN sleep 1; echo ${n} > /2`]

export const cases: readonly Case[] = [
  {
    name: 'cached-10',
    measures: [
      { title: 'Build of 10 steps, all cached', target: 0.3, times: often },
      { title: '… with nothing of it in the page cache' },
    ],
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
      await tool.session.run('sync; echo 3 > /proc/sys/vm/drop_caches')
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
    measures: [{ title: 'Build of 200 steps (50 layers), all cached', target: 1 / 2, times: often }],
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
    name: 'fan-out',
    measures: [
      { title: 'Build of one stage that takes 2 s, copied from 16 times' },
      { title: `Build of ${stages} such stages side by side`, beside: { measure: 0, target: 1.15 } },
    ],
    prepare(dir) {
      const copies = count(stages)
      dockerfile(dir, 'fan-out-path', [
        'FROM busybox:bench AS s1',
        ...slow(1),
        'FROM busybox:bench',
        ...copies.map((n) => `COPY --from=s1 /2 /from-${n}`),
      ])
      dockerfile(dir, 'fan-out', [
        ...copies.flatMap((n) => [`FROM busybox:bench AS s${n}`, ...slow(n)]),
        'FROM busybox:bench',
        ...copies.map((n) => `COPY --from=s${n} /2 /from-${n}`),
      ])
    },
    async round(tool, measure) {
      await measure(tool.build('fan-out-path', 'bench-fan-out', { noCache: true }))
      await measure(tool.build('fan-out', 'bench-fan-out', { noCache: true }))
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
  ...[2, 20, 200].map(
    (steps): Case => ({
      name: `steps-${steps}`,
      rounds: 1,
      measures: [{ title: `Growth: ${steps} RUN steps, --no-cache` }, { title: '… all cached' }],
      prepare: (dir) =>
        dockerfile(
          dir,
          `steps-${steps}`,
          count(steps).map((n) => `RUN echo ${n} > /${n % 50}`),
        ),
      async round(tool, measure) {
        await measure(tool.build(`steps-${steps}`, 'bench-steps', { noCache: true }))
        await measure(tool.build(`steps-${steps}`, 'bench-steps'))
      },
    }),
  ),
  ...[2_000, 20_000, 200_000].map(
    (total): Case => ({
      name: `files-${total}`,
      rounds: 1,
      measures: [
        { title: `Growth: COPY of ${total.toLocaleString('en')} small files, the first time` },
        { title: '… unchanged' },
        { title: '… with one file changed' },
      ],
      prepare: (dir) => manyFiles(dir, `files-${total}`, total),
      async round(tool, measure, dir) {
        const build = tool.build(`files-${total}`, 'bench-files')
        await tool.session.run(tool.fresh)
        await measure(build)
        await measure(build)
        writeFileSync(join(dir, `files-${total}/tree/0/7/file-7`), String(process.hrtime.bigint()))
        await measure(build)
      },
      clean: (dir) => rmSync(join(dir, `files-${total}`), { recursive: true }),
    }),
  ),
  {
    name: 'run',
    measures: [{ title: 'run --rm IMAGE true, with a bridge', target: 1 / 2, times: often }],
    round: (tool, measure) => measure(tool.run('busybox:bench')),
  },
  {
    name: 'images',
    measures: [{ title: 'images', target: 0.8, times: often }],
    round: (tool, measure) => measure(tool.images),
  },
  {
    name: 'history',
    measures: [{ title: 'history', target: 0.8, times: often }],
    round: (tool, measure) => measure(tool.history('busybox:bench')),
  },
]
