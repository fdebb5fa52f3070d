import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckCase, Checked } from './docker-checks.ts'

const dir = join(import.meta.dirname, 'checks')

/** What Docker says of each case, as it was recorded. */
export const expectedFile = join(dir, 'expected.json')

/** The Dockerfiles in checks/, with the ignore files beside them. */
export const checkCases: readonly CheckCase[] = readdirSync(dir)
  .filter((file) => file.endsWith('.Dockerfile'))
  .sort()
  .map((file) => {
    const name = file.slice(0, -'.Dockerfile'.length)
    const ignore = join(dir, `${name}.dockerignore`)
    const text = readFileSync(join(dir, file), 'utf8')
    return { name, text, ...(existsSync(ignore) && { ignore: readFileSync(ignore, 'utf8') }) }
  })

export function expectedChecks(): Readonly<Record<string, Checked>> {
  return JSON.parse(readFileSync(expectedFile, 'utf8'))
}
