import type { Option } from './command.ts'
import { byteSize } from './option-values.ts'

export const quotaOption = {
  kind: 'string',
  value: 'bytes',
  help: "What its repositories may take together, as 10g, or 'none'",
} as const satisfies Option

export function quotaOf(text: string): number | undefined {
  return text === 'none' ? undefined : byteSize(text)
}
