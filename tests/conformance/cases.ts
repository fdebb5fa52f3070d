import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Picture } from './compare.ts'

export interface Case {
  readonly name: string
  readonly dockerfile: string
  /** Further arguments of `build`. */
  readonly args: readonly string[]
  /** How much of the image is the base's. */
  readonly base: { readonly layers: number; readonly history: number }
}

const args: Record<string, readonly string[]> = {
  'args-in-run': ['--build-arg', 'GIVEN=given', '--build-arg', 'UNUSED=x'],
  target: ['--target', 'target'],
}

/** One case for each Dockerfile in cases/; what Docker makes of it is kept in expected/ (record.ts renews it). */
export const cases: readonly Case[] = globSync(join(import.meta.dirname, 'cases/*.Dockerfile'))
  .sort()
  .map((dockerfile) => {
    const name = basename(dockerfile, '.Dockerfile')
    const base = name.startsWith('scratch') ? { layers: 0, history: 0 } : { layers: 1, history: 1 }
    return { name, dockerfile, args: args[name] ?? [], base }
  })

const expectation = (name: string) => join(import.meta.dirname, 'expected', `${name}.json`)

export function readExpected(name: string): Picture {
  return JSON.parse(readFileSync(expectation(name), 'utf8')) as Picture
}

export function writeExpected(name: string, picture: Picture): void {
  writeFileSync(expectation(name), `${JSON.stringify(picture, null, 2)}\n`)
}
