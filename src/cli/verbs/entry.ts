import type { Command } from '../command.ts'

/** A verb as the table knows it: enough for the overview and to find the file that holds the rest. */
export interface Entry {
  readonly name: string
  readonly summary: string
  /** Other names of the same verb. Options that follow such a name are given with it. */
  readonly aliases?: readonly string[]
  /** The heading it stands under in `strake --help`. Without one it is not shown there. */
  readonly group?: 'common' | 'images' | 'containers' | 'dockerfile' | 'hub' | 'system'
  /** The exit code of the verb's own errors, where it is not 1. */
  readonly failure?: 125
  /** It starts a command in a container: 126 and 127 say that this can't be executed, or is not there. */
  readonly starts?: true
  /** It needs no store, and the code for it is not loaded. */
  readonly storeless?: true
  readonly load: () => Promise<{ readonly default: Command }>
}
