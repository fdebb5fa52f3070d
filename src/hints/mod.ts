import { machine } from './machine.ts'
import { packages } from './packages.ts'
import { programs } from './programs.ts'
import type { Failure, Hint, Rule } from './rule.ts'

export { loopbackOnly, portTaken, swallowedCmd } from './containers.ts'
export { readElf } from './elf.ts'
export type { IgnoredBy } from './missing-source.ts'
export { missingSource } from './missing-source.ts'
export type { Failure, Hint } from './rule.ts'
export { headSize } from './rule.ts'

/** The first that matches counts: what went wrong with the machine comes before what followed from it. */
export const rules: readonly Rule[] = [...machine, ...packages, ...programs]

/** Cause and fix of a failure that is well known. Undefined for all others. */
export function hint(failure: Failure): Hint | undefined {
  for (const rule of rules) {
    const found = rule.match(failure)
    if (found) return found
  }
  return undefined
}
