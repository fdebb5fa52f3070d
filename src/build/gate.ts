/** Lets only so many in at once, in the order in which they come. */
export function createGate(most: number): { enter(signal: AbortSignal | undefined): Promise<Disposable> } {
  let inside = 0
  const waiting: (() => void)[] = []
  return {
    async enter(signal) {
      if (inside < most) inside++
      else await new Promise<void>((resolve) => waiting.push(resolve))
      const leave = () => {
        // The place goes to the next one as it is.
        const next = waiting.shift()
        if (next) next()
        else inside--
      }
      if (signal?.aborted) {
        leave()
        signal.throwIfAborted()
      }
      return { [Symbol.dispose]: leave }
    },
  }
}
