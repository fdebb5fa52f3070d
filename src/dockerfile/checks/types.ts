import type { Evaluated, EvaluateOptions } from '../evaluated.ts'
import type { IgnorePattern, SourceRange } from '../types.ts'

/** `BUILDKIT_DOCKERFILE_CHECK` among the build arguments stands in for the `check` directive. */
export interface CheckOptions extends EvaluateOptions {
  /** Names of rules to leave out, besides those that the Dockerfile names. */
  readonly skip?: readonly string[]
  /** The stage that is built, '' for the last one: what is in stages that it does not need is left to be. All count without it. */
  readonly target?: string
  /** Patterns of the ignore file of the context. */
  readonly ignore?: readonly IgnorePattern[]
}

export interface CheckResult {
  /** In the order of the file. */
  readonly findings: readonly Finding[]
  /** Why the build is to fail: `error=true` stands in the Dockerfile, and there are warnings. */
  readonly failure: string | undefined
}

/** `warning`: one of Docker's rules. `advice`: one of ours. */
export type Level = 'warning' | 'advice'

export interface Finding {
  readonly rule: string
  readonly level: Level
  readonly message: string
  /** What the rule is about, in a sentence. */
  readonly description: string
  /** The page that says more. */
  readonly url: string
  /** The lines that Docker names: most often the whole instruction. */
  readonly range: SourceRange
  /** The very words, within `range`. */
  readonly at: SourceRange
  /** Changes that put it right and keep what the image does. Empty where a person must decide. */
  readonly edits: readonly Edit[]
}

/** `text` instead of what stands from `start` to `end` (offsets in the Dockerfile's text without its byte order mark). */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** What a rule finds. */
export interface Found {
  readonly message: string
  readonly range: SourceRange
  readonly at?: SourceRange | undefined
  readonly edits?: readonly Edit[]
}

/** A rule as it is told of. */
export interface Rule extends RuleText {
  /** The page that says more. */
  readonly url: string
}

/** A rule as it is written. */
export interface RuleText {
  readonly name: string
  readonly level: Level
  /** In a sentence, without a full stop. */
  readonly description: string
  /** Why it matters. */
  readonly reason: string
  /** What to do. */
  readonly fix: string
  readonly bad: string
  readonly good: string
  /** Only asked for by name, or with all such: `check=experimental=…`. */
  readonly experimental?: true
  /** Only looks into stages that are built. */
  readonly reached?: true
  find(subject: Subject): Iterable<Found>
}

/** What the rules look at. */
export interface Subject extends Evaluated {
  readonly ignore: readonly IgnorePattern[]
}
