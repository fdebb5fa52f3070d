import { rmSync } from 'node:fs'
import { bytesOf, pathOf } from '../../lib/mod.ts'
import { keyOf } from '../cache.ts'
import { openTree, resolveInTree } from '../context/tree.ts'
import { writableRoot } from '../execution.ts'
import type { Operation } from '../graph.ts'
import { removeDefinition } from './definition.ts'

/** Takes away a file or a directory; symlinks on the way are followed within the root, the last name is not. */
export function removeOperation(path: string): Operation {
  return {
    digest: keyOf('remove', path),
    facts: { path },
    definition: removeDefinition(path),
    async execute(execution, layer, [below]) {
      using root = writableRoot(execution, layer, below!.snapshot)
      const tree = openTree(bytesOf(root.path), 'the image')
      const names = bytesOf(path).split('/').filter(Boolean)
      const name = names.pop()
      if (name === undefined || name === '.' || name === '..') return {}
      const parent = resolveInTree(tree, names.join('/'))
      rmSync(pathOf([bytesOf(root.path), parent, name].filter(Boolean).join('/')), { recursive: true, force: true })
      return {}
    },
  }
}
