import type { Flag } from '../../dockerfile/mod.ts'

/** The value of a flag; the last one wins. */
export function flag(instruction: { readonly flags: readonly Flag[] }, name: string): string | undefined {
  return instruction.flags.findLast((candidate) => candidate.name === name)?.value
}
