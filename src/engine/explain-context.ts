import { type BuildOptions, openBuildContext, openTree, type Tree } from '../build/mod.ts'
import { type ByteString, textOf } from '../lib/mod.ts'
import type { Engine } from './engine.ts'

export interface ContextFile {
  /** Relative to the context. */
  readonly path: string
  /** Bytes; 0 for what is no regular file. */
  readonly size: number
}

/** A file that is left out, or a folder with all that is in it. */
export interface LeftOut {
  /** A folder's ends with a slash. */
  readonly path: string
  /** How many files that are, and their bytes. */
  readonly files: number
  readonly size: number
  /** The pattern that did it, cleaned as the matcher takes it, and its line in the ignore file. */
  readonly pattern: string
  readonly line: number
}

export interface ExplainedContext {
  /** What a build can copy, by path. */
  readonly files: readonly ContextFile[]
  readonly leftOut: readonly LeftOut[]
  /** The name of the ignore file; undefined where there is none. */
  readonly ignoreFile: string | undefined
}

/**
 * Says of each file of a build's context whether a build sees it, and if not, why.
 *
 * Throws `not_found` where context or Dockerfile are missing, `invalid` for a wrong ignore file.
 */
export async function explainContext(
  engine: Engine,
  options: Pick<BuildOptions, 'context' | 'file' | 'dockerfile' | 'progress' | 'signal'>,
): Promise<ExplainedContext> {
  using opened = await openBuildContext(engine.store, options)
  const { ignore, ignoreFile, root, name } = opened.source.tree
  const all = openTree(root, name)
  const files: ContextFile[] = []
  const leftOut: LeftOut[] = []
  const visit = (directory: ByteString) => {
    options.signal?.throwIfAborted()
    for (const child of all.list(directory)) {
      const path = directory === '' ? child : `${directory}/${child}`
      const text = textOf(path)
      const stat = all.stat(path)
      if (!stat || stat.isSocket()) continue
      const by = ignore?.ignored(text)
      if (!stat.isDirectory()) {
        const size = stat.isFile() ? Number(stat.size) : 0
        if (by) leftOut.push({ path: text, files: 1, size, pattern: by.pattern, line: by.line })
        else files.push({ path: text, size })
      } else if (by && !ignore?.mayReinclude(text)) {
        leftOut.push({ path: `${text}/`, ...usage(all, path), pattern: by.pattern, line: by.line })
      } else visit(path)
    }
  }
  visit('')
  return { files, leftOut, ignoreFile: ignore && ignoreFile }
}

function usage(tree: Tree, directory: ByteString): Pick<LeftOut, 'files' | 'size'> {
  let files = 0
  let size = 0
  for (const child of tree.list(directory)) {
    const path = `${directory}/${child}`
    const stat = tree.stat(path)
    if (!stat) continue
    if (stat.isDirectory()) {
      const inside = usage(tree, path)
      files += inside.files
      size += inside.size
    } else {
      files++
      if (stat.isFile()) size += Number(stat.size)
    }
  }
  return { files, size }
}
