/** Waits for all, and throws what failed first only when nothing is under way any more. */
export async function settled(all: readonly Promise<void>[]): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  const note = (error: unknown) => {
    failure ??= { error }
  }
  await Promise.all(all.map((one) => one.catch(note)))
  if (failure) throw (failure as { readonly error: unknown }).error
}

/** Runs at most so many at the same time, in the order in which they are given. After the first failure, nothing is begun any more. */
export function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  let failure: { readonly error: unknown } | undefined
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    running++
    try {
      if (failure) throw failure.error
      return await work()
    } catch (error) {
      failure ??= { error }
      throw error
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
