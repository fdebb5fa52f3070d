import type { Hint } from '../engine/mod.ts'
import type { Terminal } from './command.ts'
import { printable } from './display.ts'

/** Two lines that tell cause and fix. */
export function hintText({ cause, fix }: Hint, color: Terminal['color']): string {
  return [cause, fix].map((line) => `${color('cyan', 'hint:')} ${printable(line)}\n`).join('')
}
