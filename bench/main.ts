// Compares Strake with Docker and Buildah. Usage: npm run bench -- [--rounds N] [--tools strake,docker] [CASE…]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { busyboxArchive } from '../tests/support/busybox.ts'
import { cases } from './cases.ts'
import { page, type Row, table } from './report.ts'
import { buildah, docker, strake, type Tool } from './tools.ts'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, tools: { type: 'string', default: 'strake,docker,buildah' } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)
const makers: Record<string, (dir: string) => Tool | undefined> = { strake, docker, buildah }
const unknown = positionals.find((name) => !cases.some((each) => each.name === name))
if (process.getuid?.() !== 0 || !(rounds > 0) || unknown !== undefined) {
  console.error(
    `As root: npm run bench -- [--rounds N] [--tools ${Object.keys(makers)}] [${cases.map(({ name }) => name).join('|')} …]`,
  )
  process.exit(2)
}

const dir = mkdtempSync('/var/tmp/strake-bench-')
// The tools' shells are gone then; what a daemon holds is removed by the next run.
process.once('SIGINT', () => {
  rmSync(dir, { recursive: true, force: true })
  process.exit(130)
})
const tools: Tool[] = []
try {
  process.chdir(dir)
  writeFileSync('base.tar', busyboxArchive('busybox:bench'))
  for (const name of values.tools.split(',')) {
    const tool = makers[name]?.(dir)
    if (tool) tools.push(tool)
    else console.error(`${name} is not here`)
  }
  for (const tool of tools) {
    await tool.session.run(tool.start)
    await tool.session.run(tool.fresh)
  }

  const rows: Row[] = []
  for (const each of cases) {
    if (positionals.length > 0 && !positionals.includes(each.name)) continue
    each.prepare?.(dir)
    const seconds = each.measures.map(() => new Map<string, number[]>(tools.map(({ name }) => [name, []])))
    const memory = each.measures.map(() => new Map<string, number>())
    const able = new Set(tools)

    // the last round looks at the memory; looking takes time, so its times do not count
    const most = Math.min(rounds, each.rounds ?? rounds)
    for (let round = 0; round <= most; round++) {
      for (let turn = 0; turn < tools.length; turn++) {
        const tool = tools[(round + turn) % tools.length]!
        if (!able.has(tool)) continue
        let index = 0
        const measure = async (script: string) => {
          execFileSync('sync')
          if (round < most) {
            const took = seconds[index]!.get(tool.name)!
            for (let n = 0; n < (each.measures[index]!.times ?? 1); n++) took.push(await tool.session.run(script))
          } else memory[index]!.set(tool.name, await tool.session.peak(script))
          index++
        }
        try {
          await each.round(tool, measure, dir)
        } catch (error) {
          console.error(`${tool.name} can not do ${each.name}: ${error instanceof Error ? error.message : error}`)
          able.delete(tool)
        }
      }
    }
    each.clean?.(dir)
    const own: Row[] = []
    for (const [index, measure] of each.measures.entries()) {
      own.push({
        measure,
        beside: measure.beside && own[measure.beside.measure],
        seconds: seconds[index]!,
        memory: memory[index]!,
      })
    }
    rows.push(...own)
    console.log(table(own, tools), '\n')
  }

  console.log(table(rows, tools))
  // The figures of record are those beside Docker, all cases in one run.
  if (positionals.length === 0 && tools.some(({ name }) => name === 'Docker')) {
    const docs = join(import.meta.dirname, '../docs')
    mkdirSync(docs, { recursive: true })
    writeFileSync(join(docs, 'benchmarks.md'), page(rows, tools, { rounds, dir }))
    execFileSync(join(import.meta.dirname, '../node_modules/.bin/biome'), [
      'format',
      '--write',
      join(docs, 'benchmarks.md'),
    ])
  }
} finally {
  for (const tool of tools) {
    await tool.session.run(tool.end)
    await tool.session[Symbol.asyncDispose]()
  }
  process.chdir('/')
  rmSync(dir, { recursive: true, force: true })
}
