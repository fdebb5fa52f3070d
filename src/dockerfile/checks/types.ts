import type { Node } from '../nodes.ts'
import type { Source } from '../source.ts'
import type { Dockerfile, FromInstruction, IgnorePattern, Instruction, SourceRange, Stage } from '../types.ts'

/** What is known of a base image: what of its configuration the checks depend on. */
export interface BaseFacts {
  /** `NAME=value` each. */
  readonly env?: readonly string[]
  readonly shell?: readonly string[]
  readonly user?: string
  /** ONBUILD triggers. */
  readonly onbuild?: readonly string[]
}

export interface CheckOptions {
  /** What the ranges say: the path as the person knows it. */
  readonly file?: string
  /** Values of --build-arg. `BUILDKIT_DOCKERFILE_CHECK` stands in for the `check` directive. */
  readonly buildArgs?: Readonly<Record<string, string>>
  /** Names of rules to leave out, besides those that the Dockerfile names. */
  readonly skip?: readonly string[]
  /** Patterns of the ignore file of the context. */
  readonly ignore?: readonly IgnorePattern[]
  /** What is known of a base image, by its name after expansion. Undefined for one that is not known. */
  readonly base?: (name: string) => BaseFacts | undefined
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
  find(subject: Subject): Iterable<Found>
}

/** The Dockerfile as the rules see it. */
export interface Subject {
  readonly source: Source
  readonly dockerfile: Dockerfile
  /** ARGs before the first FROM, with their nodes. */
  readonly globals: readonly Step[]
  readonly stages: readonly CheckedStage[]
  /** For each instruction the last comment since the one before it, if there is one with words. */
  readonly comments: ReadonlyMap<Node, string>
  readonly ignore: readonly IgnorePattern[]
}

export interface CheckedStage {
  readonly stage: Stage
  readonly from: FromInstruction
  readonly node: Node
  /** The base's name, its variables expanded. */
  readonly base: string
  /** The stage of this file that it is based on. */
  readonly parent: CheckedStage | undefined
  /** Of the base image; undefined for one that is not known, and where `parent` is the base. */
  readonly facts: BaseFacts | undefined
  /** Variables in the base's name and in `--platform`. */
  readonly baseVariables: Variables
  /** `text` is the platform after expansion, `target` the one that the build is for. */
  readonly platform: (Variables & { readonly text: string; readonly target: string | undefined }) | undefined
  /** The base's name with the defaults of all global ARGs; undefined where it can't be expanded. */
  readonly defaultBase: string | undefined
  /** Instructions, those that ONBUILD of a parent puts before them included. */
  readonly steps: readonly Step[]
}

/** The variables that a text asks for. */
export interface Variables {
  readonly set: readonly string[]
  readonly unset: readonly Unset[]
}

export interface Unset {
  readonly name: string
  /** A variable whose name is like it. */
  readonly meant: string | undefined
}

export interface Step {
  readonly node: Node
  readonly instruction: Instruction
  /** Of the FROM for what ONBUILD of a parent brings. */
  readonly range: SourceRange
  /** Its words after expansion: sources and destination, ports, the path, … */
  readonly words: readonly string[]
  /** Of ARG: the values that its names have, without build arguments their defaults. */
  readonly values: readonly (string | undefined)[]
  readonly unset: readonly Unset[]
}
