import { constants } from 'node:os'

/** Ctrl-C and SIGTERM while a command runs. */
export interface Signals extends Disposable {
  /** Fires at the first of them. */
  readonly signal: AbortSignal
  /** 128 plus the number of the signal that came, once one has come. */
  readonly exitCode: number | undefined
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * The first signal asks the command to end in good order, the second ends the process. A command that listens to these
 * signals itself, to pass them on to a container, is not ended by them.
 */
export function catchSignals(): Signals {
  const controller = new AbortController()
  let exitCode: number | undefined
  const listener = (name: (typeof names)[number]) => {
    const again = exitCode !== undefined
    exitCode ??= 128 + constants.signals[name]
    if (!again) controller.abort()
    else if (process.listenerCount(name) === 1) process.exit(exitCode)
  }
  for (const name of names) process.on(name, listener)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    [Symbol.dispose]() {
      for (const name of names) process.off(name, listener)
    },
  }
}
