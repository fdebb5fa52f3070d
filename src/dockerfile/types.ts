import type { Position, SourceRange } from '../lib/mod.ts'

export type { Position, SourceRange }

/** A Dockerfile as it is written: every instruction in order. */
export interface Dockerfile {
  readonly file: string
  readonly text: string
  readonly directives: readonly Directive[]
  /** The escape character: backslash or backtick. */
  readonly escape: '\\' | '`'
  /** ARG instructions before the first FROM. */
  readonly globals: readonly ArgInstruction[]
  readonly stages: readonly Stage[]
  /** In order, those within instructions included. Directives are none. */
  readonly comments: readonly Comment[]
  readonly warnings: readonly { readonly message: string; readonly range: SourceRange }[]
}

export interface Comment {
  /** Without the `#` and the blanks around. */
  readonly text: string
  readonly range: SourceRange
}

export interface Directive {
  readonly name: string
  readonly value: string
  readonly range: SourceRange
}

export interface Stage {
  /** Lower case. */
  readonly name: string | undefined
  readonly index: number
  readonly from: FromInstruction
  readonly instructions: readonly Instruction[]
}

interface Base {
  /** The whole instruction, with continuations. */
  readonly range: SourceRange
  /** The instruction on one line, as history and step lines show it (`RUN apt-get update && …`), before expansion. */
  readonly original: string
}

/** A text in which variables are still to be expanded, and where it stands. */
export interface Word {
  readonly text: string
  readonly range: SourceRange
}

/** A command in exec form (JSON) or in shell form (one line, given to the shell as it is). */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly line: string; readonly heredocs: readonly Heredoc[] }

export interface Heredoc {
  readonly name: string
  /** Ready for use: with `chomp`, leading tabs are off. */
  readonly content: string
  /** As it is written. */
  readonly raw: string
  /** False when the delimiter is quoted. */
  readonly expand: boolean
  /** `<<-`: leading tabs are taken off. */
  readonly chomp: boolean
  readonly fd: number
}

export interface FromInstruction extends Base {
  readonly kind: 'from'
  readonly image: Word
  readonly platform?: Word
}
export interface RunInstruction extends Base {
  readonly kind: 'run'
  readonly command: Command
  readonly flags: readonly Flag[]
}
export interface Flag {
  readonly name: string
  /** Undefined for a flag without `=`. */
  readonly value: string | undefined
  readonly range: SourceRange
  /** Of `--mount` and `--device`: what stands between the commas. */
  readonly fields?: readonly Field[]
}
/** `key=value`, or a key alone. */
export interface Field {
  readonly key: Word
  readonly value: Word | undefined
  readonly range: SourceRange
}
export interface CopyInstruction extends Base {
  readonly kind: 'copy' | 'add'
  readonly sources: readonly Word[]
  readonly destination: Word
  /** Sources that are here-documents. */
  readonly heredocs: readonly Heredoc[]
  /** `--from`, `--chown`, `--chmod`, `--link`, `--parents`, `--exclude`, `--checksum`, `--keep-git-dir`, `--unpack`. */
  readonly flags: readonly Flag[]
}
export interface PairsInstruction extends Base {
  readonly kind: 'env' | 'label'
  readonly pairs: readonly { readonly key: Word; readonly value: Word }[]
}
export interface ArgInstruction extends Base {
  readonly kind: 'arg'
  readonly args: readonly { readonly name: string; readonly value: Word | undefined; readonly range: SourceRange }[]
}
export interface CommandInstruction extends Base {
  readonly kind: 'cmd' | 'entrypoint'
  readonly command: Command
}
export interface ShellInstruction extends Base {
  readonly kind: 'shell'
  readonly shell: readonly string[]
}
export interface WordsInstruction extends Base {
  readonly kind: 'expose' | 'volume'
  readonly words: readonly Word[]
}
export interface WordInstruction extends Base {
  readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'
  readonly word: Word
}
export interface HealthcheckInstruction extends Base {
  readonly kind: 'healthcheck'
  /** Undefined for HEALTHCHECK NONE. */
  readonly command: Command | undefined
  /** `--interval`, `--timeout`, `--start-period`, `--start-interval`, `--retries`; values checked. Durations in ns. */
  readonly interval?: number
  readonly timeout?: number
  readonly startPeriod?: number
  readonly startInterval?: number
  readonly retries?: number
}
export interface OnbuildInstruction extends Base {
  readonly kind: 'onbuild'
  /** The instruction that follows ONBUILD, as text: what goes into the image's configuration. */
  readonly trigger: string
}

export type Instruction =
  | RunInstruction
  | CopyInstruction
  | PairsInstruction
  | ArgInstruction
  | CommandInstruction
  | ShellInstruction
  | WordsInstruction
  | WordInstruction
  | HealthcheckInstruction
  | OnbuildInstruction

/** Variables for expansion. Undefined for a name that is not set. */
export type Environment = (name: string) => string | undefined

export interface IgnorePattern {
  /** Cleaned, without the `!`. */
  readonly pattern: string
  readonly exclusion: boolean
  /** From 1. */
  readonly line: number
}

export interface IgnoreMatcher {
  /** What it was made from. */
  readonly patterns: readonly IgnorePattern[]
  /**
   * The pattern that leaves `path` (relative, with slashes) out, or undefined when it is in the context.
   * As moby/patternmatcher's MatchesUsingParentResults, which docker's contexts go through: last match wins, and a match
   * of a parent counts.
   */
  ignored(path: string): IgnorePattern | undefined
  /** False when nothing below the ignored directory `path` can be brought back by a `!` pattern: it need not be read. */
  mayReinclude(path: string): boolean
  /** False when no pattern can match anything below the directory `path` that none has matched. */
  mayIgnore(path: string): boolean
}
