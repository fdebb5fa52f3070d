import type { ProgressSink } from '../lib/mod.ts'

/** How often a part of an operation tells its state, in milliseconds. */
const interval = 100

/** Tells the bytes of one part of an operation, a few times a second. A part that changes its label keeps its `id`. */
export function byteStatus(
  progress: ProgressSink | undefined,
  vertex: string,
  label: string,
  total?: number,
  id = `${vertex} ${label}`,
): { readonly update: (current: number) => void; readonly done: () => void } {
  let last = 0
  let current = 0
  const send = (done: boolean) =>
    progress?.({
      kind: 'status',
      vertex,
      id,
      label,
      unit: 'bytes',
      current,
      ...(total !== undefined && { total }),
      ...(done && { done }),
    })
  return {
    update(bytes) {
      current = bytes
      const now = Date.now()
      if (now - last < interval) return
      last = now
      send(false)
    },
    done: () => send(true),
  }
}
