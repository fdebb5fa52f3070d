/** Why a step was not taken from the build cache. */
export type CacheMiss =
  /** It was not looked for: `--no-cache`, or `--no-cache-filter` for its stage. */
  | { readonly kind: 'disabled'; readonly option: string }
  /** Nothing like it was built on this machine before. */
  | { readonly kind: 'first' }
  /** It was done before, and its record has been removed since. */
  | { readonly kind: 'pruned' }
  /** The base image is another one. `was` where it has another name too. */
  | { readonly kind: 'base'; readonly name: string; readonly digest: string; readonly was?: string }
  /** What it stands on, or copies from, was done anew and came out different. `step` is the number of that step. */
  | { readonly kind: 'input'; readonly name: string; readonly step?: number }
  /** The instruction is new or was changed; `was` is what stood there before, where that is known. */
  | { readonly kind: 'instruction'; readonly was?: string }
  /** Something that it is told by others is different: arguments, variables, user, working directory, options. */
  | { readonly kind: 'values'; readonly changes: readonly ValueChange[] }
  /** Files that it reads. `changes` are the first few of `total`; `from` is set for files of a stage or an image. */
  | {
      readonly kind: 'files'
      readonly changes: readonly FileChange[]
      readonly total: number
      readonly from?: string
    }

export interface ValueChange {
  /** `ARG VERSION`, `ENV PATH`, `user`. */
  readonly what: string
  /** Undefined where there was none; both are undefined where the values are not kept. */
  readonly before?: string
  readonly after?: string
}

export interface FileChange {
  readonly path: string
  readonly change: 'added' | 'removed' | 'content' | 'mode' | 'owner' | 'kind' | 'target' | 'xattrs'
}

/** The miss in one line that a person understands. */
export function missText(miss: CacheMiss): string {
  switch (miss.kind) {
    case 'disabled':
      return miss.option
    case 'first':
      return 'first build on this machine'
    case 'pruned':
      return 'its record was pruned'
    case 'base': {
      const { name, digest, was } = miss
      return was === undefined ? `base ${name} is now ${shortDigest(digest)}` : `base changed: ${was} → ${name}`
    }
    case 'input':
      return `${miss.step === undefined ? 'what it stands on' : `step ${miss.step}`} gave another result: ${clip(miss.name)}`
    case 'instruction':
      return miss.was === undefined ? 'instruction is new' : `instruction changed: was ${clip(miss.was)}`
    case 'values':
      return list(miss.changes.map(valueText), miss.changes.length)
    case 'files': {
      if (miss.total === 0) return 'files that it reads changed'
      const text = list(miss.changes.slice(0, 1).map(fileText), miss.total)
      return miss.from === undefined ? text : `${text} in ${miss.from}`
    }
  }
}

function list(texts: readonly string[], total: number): string {
  const shown = texts.slice(0, 3)
  const more = total - shown.length
  return `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

function valueText({ what, before, after }: ValueChange): string {
  if (before !== undefined && after !== undefined) return `${what}: ${clip(before)} → ${clip(after)}`
  if (after !== undefined) return `${what} is new: ${clip(after)}`
  return before === undefined ? `${what} changed` : `${what} is gone`
}

function fileText({ path, change }: FileChange): string {
  if (change === 'added') return `${clip(path)} is new`
  if (change === 'removed') return `${clip(path)} is gone`
  return `${clip(path)} changed (${change})`
}

/** One line, of a length that leaves room for the others. */
function clip(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return '""'
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

function shortDigest(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? `${digest.slice(0, 19)}…` : digest
}
