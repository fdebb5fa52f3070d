import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Picture } from './compare.ts'

export interface Case {
  /** Its place below cases/: `copy/modes`. */
  readonly name: string
  readonly dockerfile: string
  /** Further arguments of `build`, from a last line `# build: --target x`. */
  readonly args: readonly string[]
  /** What Strake says where it refuses the Dockerfile in other words than Docker, from a last line `# says: words`. */
  readonly says: string | undefined
  /** Docker needs the image of its frontend's labs channel (`# syntax=…-labs`) for it. */
  readonly labs: boolean
  /** Its times are those of SOURCE_DATE_EPOCH. */
  readonly dated: boolean
}

/** What a builder makes of a case: an image, or the message with which it refuses. */
export type Outcome = Picture | Refusal

export interface Refusal {
  readonly refused: string
}

const suffix = '.Dockerfile'

/** One case for each Dockerfile in cases/; what Docker makes of it is kept in expected/ (record.ts renews it). */
export const cases: readonly Case[] = globSync(join(import.meta.dirname, `cases/**/*${suffix}`))
  .sort()
  .map((dockerfile) => {
    const name = relative(join(import.meta.dirname, 'cases'), dockerfile).slice(0, -suffix.length)
    const text = readFileSync(dockerfile, 'utf8')
    const [, key, value = ''] = /\n# (build|says): (.*)\n$/.exec(text) ?? []
    return {
      name,
      dockerfile,
      args: key === 'build' ? value.split(' ') : [],
      says: key === 'says' ? value : undefined,
      labs: text.startsWith('# syntax=docker/dockerfile:1-labs\n'),
      dated: value.includes('SOURCE_DATE_EPOCH'),
    }
  })

/** The name as a part of image and file names. */
export const flatName = ({ name }: Case): string => name.replaceAll('/', '-')

const expectation = ({ name }: Case) => join(import.meta.dirname, 'expected', `${name}.json`)

export function readExpected(one: Case): Outcome {
  return JSON.parse(readFileSync(expectation(one), 'utf8')) as Outcome
}

export function writeExpected(one: Case, outcome: Outcome): void {
  mkdirSync(dirname(expectation(one)), { recursive: true })
  writeFileSync(expectation(one), `${JSON.stringify(outcome, null, 2)}\n`)
}
