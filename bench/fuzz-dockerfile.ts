// Looks for texts that the Dockerfile language can't cope with: crashes, changed meanings, more than linear time.
// Usage: node bench/fuzz-dockerfile.ts [MINUTES] [SEED]. What it finds becomes a test.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { dockerfileText, tryEverything, wildText } from '../src/dockerfile/testing.ts'

const [minutes = '5', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
const seeds = [
  'examples/*/Dockerfile',
  'tests/conformance/**/*.Dockerfile',
  '../shared/corpus/**/Dockerfile',
  '../shared/corpus/wild/*',
]
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .map((file) => readFileSync(join(root, file), 'utf8'))

/** Real Dockerfiles with something taken out, put in or doubled. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat({ max: 30 }),
        fc.oneof(fc.constant(''), wildText, fc.string({ unit: 'binary', maxLength: 3 })),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
  )
  .map(([text, changes]) => {
    let result = text
    for (const [place, length, put] of changes) {
      const at = place % (result.length + 1)
      result = result.slice(0, at) + put + result.slice(at + length)
    }
    return result
  })

/** A short piece many times over, for what takes more than linear time. */
const repeated = fc
  .tuple(fc.oneof(fc.constant(''), fc.constant('RUN '), fc.constant('ENV a='), dockerfileText), wildText)
  .filter(([, piece]) => piece.length > 0)

/** The longest that a text of so many letters may take, in ms: with much to spare for slow machines. */
const slow = (length: number) => 1500 + length / 20

function timed(text: string): void {
  const start = process.cpuUsage()
  tryEverything(text)
  const { user, system } = process.cpuUsage(start)
  const took = (user + system) / 1000
  if (took > slow(text.length)) throw new Error(`${text.length} letters took ${Math.round(took)} ms of CPU time`)
}

const length = 60_000
const properties: Record<string, fc.IProperty<[never]>> = {}
const add = <T>(name: string, arbitrary: fc.Arbitrary<T>, run: (value: T) => void) => {
  properties[name] = fc.property(arbitrary, run) as unknown as fc.IProperty<[never]>
}
add('Dockerfiles', dockerfileText, timed)
add('wild texts', wildText, (text) => timed(`FROM a\n${text}`))
add('mutated Dockerfiles', mutated, timed)
add('repeated pieces', repeated, ([head, piece]) =>
  timed(`FROM a\n${head}${piece.repeat(Math.ceil(length / piece.length))}`),
)

const time = (Number(minutes) * 60_000) / Object.keys(properties).length
for (const [name, property] of Object.entries(properties)) {
  const result = fc.check(property, {
    seed: Number(seed),
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: time,
    markInterruptAsFailure: false,
  })
  console.log(`${name}: ${result.numRuns} texts`)
  if (!result.failed) continue
  process.exitCode = 1
  console.log(`${result.errorInstance}\n${fc.defaultReportMessage(result as never)}`)
}
