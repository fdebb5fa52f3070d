/** What is known of a command that failed: a RUN step, or a container's process. */
export interface Failure {
  /** The command line as the person wrote it. */
  readonly command: string
  readonly exitCode: number
  /** The last 64 KiB of its output. */
  readonly output: string
  /** Looks at a file of the container's root. Undefined where there is none. */
  readonly readFile?: (path: string) => Uint8Array | undefined
  /** The command's working directory, for relative paths; `/` when it is not given. */
  readonly cwd?: string
}

/** Why it failed, and what to do: a line each. */
export interface Hint {
  readonly cause: string
  readonly fix: string
}

/** One well-known failure. */
export interface Rule {
  readonly name: string
  match(failure: Failure): Hint | undefined
}
