import { hashLayer } from '../layers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Execution } from './execution.ts'
import type { Step } from './step.ts'

/**
 * Does a step in a new layer, and again in another one where it failed and that may have been bad luck; what failed is thrown.
 *
 * @param options.retries how often again
 * @param options.signal ends the step; that of the build also ends the hashing of its layer
 * @returns the layer, not committed, and its hash when that is known
 */
export async function attempt(
  { vertex, inputs }: Step,
  execution: Execution,
  { retries, signal }: { readonly retries: number; readonly signal: AbortSignal },
) {
  const { operation } = vertex
  const { store, lease, progress } = execution
  for (let tries = 1; ; tries++) {
    const layer = store.snapshots.prepare(inputs[0]!.snapshot, lease)
    try {
      const isLast = tries > retries
      const executed = await operation.execute(
        { ...execution, signal, ...(!isLast && { onFailure: undefined }) },
        layer,
        inputs,
      )
      return { id: layer.id, executed, hash: executed.layer ?? hashLayer(layer.dir, { signal: execution.signal }) }
    } catch (error) {
      store.snapshots.discard(layer.id)
      const again = operation.retry && error instanceof StrakeError && error.code === 'failed' && !signal.aborted
      if (!again || tries > retries) throw error
      const data = Buffer.from(`${error.message}; trying again (${tries} of ${retries})\n`)
      progress({ kind: 'log', vertex: vertex.id, stream: 'stderr', data })
    }
  }
}
