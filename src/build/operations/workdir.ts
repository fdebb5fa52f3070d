import { type LayerEntry, writeLayer } from '../../layers/mod.ts'
import { bytesOf, StrakeError } from '../../lib/mod.ts'
import { keyOf } from '../cache.ts'
import { openTree, resolveInTree } from '../context/tree.ts'
import { viewRoot } from '../execution.ts'
import type { Operation } from '../graph.ts'
import { mkdirStep } from '../transfer/buildkit-keys.ts'
import { mkdirDefinition } from './definition.ts'
import { resolveOwner } from './owner.ts'

/**
 * WORKDIR: the directories that are missing, owned by the user in force. A layer, even when none is missing. Times are
 * nanoseconds: `created` is that of the directory, as BuildKit sets it, and nothing is later than `epoch`.
 */
export function workdirOperation(
  path: string,
  { user, created, epoch }: { user: string; created: bigint | undefined; epoch: bigint | undefined },
): Operation {
  return {
    digest: keyOf('workdir', path, user, ...(created === undefined ? [] : [`${created} ${epoch}`])),
    ...(created === undefined && { buildkit: mkdirStep(path, user) }),
    facts: { path, user, ...(created !== undefined && { SOURCE_DATE_EPOCH: `${created / 1_000_000_000n}` }) },
    definition: mkdirDefinition(path),
    async execute(execution, layer, [below]) {
      using root = viewRoot(execution, below!.snapshot)
      const lower = openTree(bytesOf(root.path), 'the image')
      const resolved = resolveInTree(lower, bytesOf(path))
      const parts = resolved.split('/').filter(Boolean)
      const paths = parts.map((_, i) => parts.slice(0, i + 1).join('/'))
      const missing = paths.filter((dir) => !lower.stat(dir))
      const blocking = paths.find((dir) => lower.stat(dir)?.isDirectory() === false)
      if (blocking)
        throw new StrakeError('invalid', `WORKDIR ${path}: /${blocking} is in the image, and is no directory`)
      if (!missing.length) return { layer: await writeLayer(layer.dir, []) }
      const { uid, gid } = resolveOwner(root.path, user, `USER ${user}`, execution.progress)
      const now = epoch ?? BigInt(Date.now()) * 1_000_000n
      const entries = paths.map((dir): LayerEntry => {
        const stat = lower.stat(dir)
        const last = dir === resolved ? (created ?? now) : now
        if (!stat) return { kind: 'directory', path: dir, mode: 0o755, uid, gid, mtime: last }
        const changed = missing[0]!.slice(0, missing[0]!.lastIndexOf('/')) === dir
        const mtime = changed || (epoch !== undefined && stat.mtimeNs > epoch) ? now : stat.mtimeNs
        return {
          kind: 'directory',
          path: dir,
          mode: Number(stat.mode) & 0o7777,
          uid: Number(stat.uid),
          gid: Number(stat.gid),
          mtime,
        }
      })
      return { layer: await writeLayer(layer.dir, entries) }
    },
  }
}
