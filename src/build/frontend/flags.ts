import type { Flag } from '../../dockerfile/mod.ts'
import { type SourceRange, StrakeError } from '../../lib/mod.ts'

type Flagged = { readonly kind: string; readonly flags: readonly Flag[] }

/** The value of a flag; the last one wins. */
export function flag(instruction: Flagged, name: string): string | undefined {
  return instruction.flags.findLast((candidate) => candidate.name === name)?.value
}

/** A flag that stands for itself or has `=true`, `=false`; undefined where it is not there. */
export function switchFlag(instruction: Flagged, name: string): boolean | undefined {
  const found = instruction.flags.findLast((candidate) => candidate.name === name)
  return found && found.value?.toLowerCase() !== 'false'
}

/** Where the flag stands. */
export function flagRange(instruction: Flagged, name: string): SourceRange | undefined {
  return instruction.flags.findLast((candidate) => candidate.name === name)?.range
}

/** Flags of the language that this builder carries out. */
const known: Readonly<Record<string, readonly string[]>> = {
  run: ['mount', 'network', 'security', 'device'],
  copy: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
  add: ['chown', 'chmod', 'link', 'exclude', 'checksum', 'keep-git-dir', 'unpack'],
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
