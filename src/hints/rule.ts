/** How much of a file tells what it is. */
export const headSize = 1 << 20

/** What is known of a command that failed: a RUN step, or a container's process. */
export interface Failure {
  /** The command line as the person wrote it. */
  readonly command: string
  readonly exitCode: number
  /** The last 64 KiB of its output. */
  readonly output: string
  /** The first `headSize` bytes of a file of the container's root, or all of a shorter one. Undefined where there is none. */
  readonly readHead?: (path: string) => Uint8Array | undefined
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
