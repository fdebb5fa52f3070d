import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { viewRoot } from '../build/mod.ts'
import type { Image } from '../images/mod.ts'
import { bytesOf, type OperationOptions } from '../lib/mod.ts'
import type { ImageConfig } from '../oci/mod.ts'
import { removeTree } from '../store/mod.ts'
import { type Change, diffTrees, type FileDifference } from './diff-trees.ts'
import type { Engine } from './engine.ts'
import { requireRoot } from './require-root.ts'

/** A field of the image's configuration. */
export interface FieldDifference extends Change {
  /** Its path: `created`, `config.Env.PATH`, `history[3].created_by`, `rootfs.diff_ids[1]`. */
  readonly field: string
}

export interface ImageDifferences {
  readonly fields: readonly FieldDifference[]
  /** In the root file systems that the images give a container, by path. */
  readonly files: readonly FileDifference[]
}

/**
 * Where two images differ: their configurations field by field, their files one by one. Both are empty for images that
 * are the same.
 *
 * Throws `denied` for users who are not root, `not_found` where there is no such image.
 */
export function diff(
  engine: Engine,
  names: { readonly before: string; readonly after: string },
  { signal }: Pick<OperationOptions, 'signal'> = {},
): ImageDifferences {
  const { images } = engine
  const [before, after] = [images.get(names.before), images.get(names.after)]
  if (before.id === after.id) return { fields: [], files: [] }
  requireRoot('comparing images')
  return {
    fields: diffFields(comparable(images.config(before)), comparable(images.config(after))),
    files: diffFiles(engine, { before, after }, signal),
  }
}

function diffFiles({ store }: Engine, { before, after }: Record<'before' | 'after', Image>, signal?: AbortSignal) {
  using lease = store.lease('diff')
  for (const { snapshot } of [before, after]) if (snapshot !== undefined) lease.add({ snapshot })
  using stack = new DisposableStack()
  const scratch = mkdtempSync(join(store.root, 'ingest', `${lease.id}-diff-`))
  stack.defer(() => removeTree(scratch))
  const root = ({ snapshot }: Image) => bytesOf(stack.use(viewRoot({ store, scratch }, snapshot)).path)
  return diffTrees(root(before), root(after), signal)
}

/** With the variables by their names: their order means nothing. */
function comparable({ config, ...image }: ImageConfig): object {
  const env = config?.Env?.map((pair) => {
    const equals = pair.indexOf('=')
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
  })
  return { ...image, config: { ...config, ...(env && { Env: Object.fromEntries(env) }) } }
}

function diffFields(before: unknown, after: unknown, field = ''): FieldDifference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const [left, right] = [partsOf(before), partsOf(after)]
  if (!left || !right || Array.isArray(before) !== Array.isArray(after)) return [{ field, before, after }]
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const path = Array.isArray(before) ? `${field}[${key}]` : field ? `${field}.${key}` : key
    return diffFields(left.get(key), right.get(key), path)
  })
}

function partsOf(value: unknown): Map<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
}
