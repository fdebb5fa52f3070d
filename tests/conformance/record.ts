// Renews expected/ from Docker. Usage: node tests/conformance/record.ts [CASE | FOLDER…]
import { cases, writeExpected } from './cases.ts'
import { Docker } from './docker.ts'

const only = process.argv.slice(2)
using docker = new Docker()
for (const each of cases) {
  if (only.length > 0 && !only.some((name) => each.name === name || each.name.startsWith(`${name}/`))) continue
  if (!docker.can(each)) {
    console.log(`${each.name}: left as it is, Docker has no docker/dockerfile:1-labs`)
    continue
  }
  const outcome = docker.build(each)
  writeExpected(each, outcome)
  if ('refused' in outcome) console.log(`${each.name}: ${outcome.refused}`)
}
