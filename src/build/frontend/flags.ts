import type { Flag } from '../../dockerfile/mod.ts'
import { StrakeError } from '../../lib/mod.ts'

type Flagged = { readonly kind: string; readonly flags: readonly Flag[] }

/** The value of a flag; the last one wins. */
export function flag(instruction: Flagged, name: string): string | undefined {
  return instruction.flags.findLast((candidate) => candidate.name === name)?.value
}

/** Flags of the language that this builder carries out. `--link` changes how Docker makes the layer, not what is in it. */
const known: Readonly<Record<string, readonly string[]>> = {
  run: ['mount', 'network', 'security', 'device'],
  copy: ['from', 'chown', 'chmod', 'link'],
  add: ['chown', 'chmod', 'link'],
}

/** Throws `unsupported` for a flag that would be passed over: an image without what it asks for is worse than none. */
export function checkFlags(instruction: Flagged): void {
  for (const { name, range } of instruction.flags) {
    if (known[instruction.kind]?.includes(name)) continue
    const word = instruction.kind.toUpperCase()
    throw new StrakeError('unsupported', `${word} --${name}: this version of Strake does not build it`, {
      range,
      hint: `It builds these: ${known[instruction.kind]?.map((flag) => `--${flag}`).join(', ')}.`,
    })
  }
}
