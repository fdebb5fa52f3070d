import { type Container, places, unreachablePorts } from '../containers/mod.ts'
import { type Hint, hint, loopbackOnly, swallowedCmd } from '../hints/mod.ts'
import { readInRoot } from '../runtime/mod.ts'
import type { Engine } from './engine.ts'
import { commandText } from './ps.ts'
import type { RunningContainer } from './running.ts'

/**
 * Why a container has ended badly, where that is well known. To be asked before `wait`, after which its files may be gone.
 *
 * @param output the last 64 KiB of its output
 */
export async function explainEnd(engine: Engine, running: RunningContainer, output: string): Promise<Hint | undefined> {
  const exitCode = await running.exitCode()
  if (!exitCode) return undefined
  const { id, settings } = running.container
  const { rootfs } = places(engine.store, id)
  return hint({
    command: commandText(running.container),
    exitCode,
    output,
    cwd: settings.workdir,
    readFile: (path) => readInRoot(rootfs, path, 1 << 20),
  })
}

/** Published ports that can't be reached, because the server listens on the container's loopback address only. */
export function explainPorts(container: Container): Hint[] {
  return unreachablePorts(container).map(({ containerPort }) => loopbackOnly(containerPort, commandText(container)))
}

/** A command that a shell-form ENTRYPOINT will never see. */
export function explainCommand({ settings }: Container): Hint | undefined {
  return swallowedCmd(settings.entrypoint, settings.command)
}
