// Renews expected/*.json from Docker. Usage: node tests/conformance/record.ts [CASE…]
import { cases, writeExpected } from './cases.ts'
import { Docker } from './docker.ts'

const only = process.argv.slice(2)
using docker = new Docker()
for (const each of cases) {
  if (only.length > 0 && !only.includes(each.name)) continue
  try {
    writeExpected(each.name, docker.build(each))
  } catch (error) {
    console.error(`${each.name}: ${(error as { stderr?: string }).stderr ?? error}`)
    process.exitCode = 1
  }
}
