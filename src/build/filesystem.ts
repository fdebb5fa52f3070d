/**
 * The graph of a build, as data: how a file system comes about. A Dockerfile is one way to write such a graph, these functions are
 * another. Nothing happens before `buildGraph` is asked for one; the same object, and the same work, is done once.
 *
 * @example
 * const base = image('busybox')
 * const tool = run(copy(base, local('tool'), { to: '/src' }), 'cd /src && ./build')
 * const app = copy(writeFile(base, '/etc/motd', 'hello\n'), tool, { sources: ['/src/out'], to: '/usr/bin/' })
 */
export type Filesystem =
  /** An image of the store, by name or id. */
  | { readonly kind: 'image'; readonly name: string }
  /** Nothing. */
  | { readonly kind: 'scratch' }
  | ({ readonly kind: 'run'; readonly on: Filesystem; readonly command: string | readonly string[] } & RunStepOptions)
  | ({ readonly kind: 'copy'; readonly on: Filesystem; readonly from: Filesystem | LocalFiles } & CopyStepOptions)
  | ({
      readonly kind: 'write-file'
      readonly on: Filesystem
      readonly path: string
      readonly content: string | Uint8Array
    } & OwnerOptions)
  | { readonly kind: 'make-directory'; readonly on: Filesystem; readonly path: string; readonly user: string }
  | { readonly kind: 'remove'; readonly on: Filesystem; readonly path: string }
  | { readonly kind: 'merge'; readonly on: Filesystem; readonly others: readonly Filesystem[] }

/** A folder of this machine, read in place, without what its .dockerignore leaves out. */
export interface LocalFiles {
  readonly kind: 'local'
  readonly path: string
}

export interface RunStepOptions {
  /** Besides the variables of the image at the bottom. */
  readonly env?: Readonly<Record<string, string>>
  /** `/` without one. */
  readonly cwd?: string
  /** As in USER; root without one. */
  readonly user?: string
  readonly network?: 'default' | 'host' | 'none'
}

export interface CopyStepOptions extends OwnerOptions {
  /** As in COPY: paths and patterns; everything without them. */
  readonly sources?: readonly string[]
  /** Absolute. With a slash at its end it is a directory. */
  readonly to: string
}

export interface OwnerOptions {
  /** As --chown: `user:group`. */
  readonly chown?: string
  /** As --chmod. */
  readonly chmod?: string
}

export const scratch: Filesystem = { kind: 'scratch' }

export function image(name: string): Filesystem {
  return { kind: 'image', name }
}

export function local(path: string): LocalFiles {
  return { kind: 'local', path }
}

/** What a process leaves: a line for `/bin/sh -c`, or the words of a command. */
export function run(on: Filesystem, command: string | readonly string[], options: RunStepOptions = {}): Filesystem {
  return { kind: 'run', on, command, ...options }
}

/** With files of a folder or of another file system, as COPY. */
export function copy(on: Filesystem, from: Filesystem | LocalFiles, options: CopyStepOptions): Filesystem {
  return { kind: 'copy', on, from, ...options }
}

/** With a file of that content, whose mode is 644 without `chmod`. */
export function writeFile(
  on: Filesystem,
  path: string,
  content: string | Uint8Array,
  options: OwnerOptions = {},
): Filesystem {
  return { kind: 'write-file', on, path, content, ...options }
}

/** With a directory, and those that lead to it, owned by `user` where they are new. */
export function makeDirectory(on: Filesystem, path: string, user = ''): Filesystem {
  return { kind: 'make-directory', on, path, user }
}

/** Without a file, or a directory with all that is in it. What is not there is no mistake. */
export function remove(on: Filesystem, path: string): Filesystem {
  return { kind: 'remove', on, path }
}

/** The files of all: where several have one of a name, that of the last counts. */
export function merge([first = scratch, ...others]: readonly Filesystem[]): Filesystem {
  return { kind: 'merge', on: first, others }
}
