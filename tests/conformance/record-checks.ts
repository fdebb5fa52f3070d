// Renews checks/expected.json from Docker. Usage: node tests/conformance/record-checks.ts
import { writeFileSync } from 'node:fs'
import { checkCases, expectedFile } from './check-cases.ts'
import { dockerChecks } from './docker-checks.ts'

writeFileSync(expectedFile, `${JSON.stringify(Object.fromEntries(dockerChecks(checkCases)), null, 2)}\n`)
