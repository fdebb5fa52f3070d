import type { Platform } from '../oci/mod.ts'
import type { Document, Node } from './nodes.ts'
import type { Dockerfile, FromInstruction, Instruction, SourceRange, Stage } from './types.ts'

/** What is known of a base image: what of its configuration the checks depend on. */
export interface BaseFacts {
  /** `NAME=value` each. */
  readonly env?: readonly string[]
  readonly shell?: readonly string[]
  readonly user?: string
  /** ONBUILD triggers. */
  readonly onbuild?: readonly string[]
  readonly platform?: Platform
}

export interface EvaluateOptions {
  /** What the ranges say: the path as the person knows it. */
  readonly file?: string
  /** Values of --build-arg. */
  readonly buildArgs?: Readonly<Record<string, string>>
  /** What the build is for. Default: this machine. */
  readonly platform?: Platform
  /** What is known of a base image, by its name after expansion. Undefined for one that is not known. */
  readonly base?: (name: string) => BaseFacts | undefined
}

/** A Dockerfile whose names and values are read as the build will read them, as far as that is known without building. */
export interface Evaluated {
  readonly document: Document
  readonly dockerfile: Dockerfile
  /** What the build is for. */
  readonly platform: Platform
  /** ARGs before the first FROM, with their nodes. */
  readonly globals: readonly Step[]
  readonly stages: readonly EvaluatedStage[]
}

export interface EvaluatedStage {
  readonly stage: Stage
  readonly from: FromInstruction
  readonly node: Node
  /** The base's name, its variables expanded. */
  readonly base: string
  /** The stage of this file that it is based on. */
  readonly parent: EvaluatedStage | undefined
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
  /** The same by kind, each in order. */
  readonly byKind: ReadonlyMap<Instruction['kind'], readonly Step[]>
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
  /** Its place among the steps of the stage. */
  readonly index: number
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
