import { posix } from 'node:path'
import { type Container, places, unreachablePorts, volumePath } from '../containers/mod.ts'
import { type Hint, headSize, hint, loopbackOnly, swallowedCmd } from '../hints/mod.ts'
import { readHeadInRoot } from '../runtime/mod.ts'
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
  const { settings } = running.container
  return hint({
    command: commandText(running.container),
    exitCode,
    output,
    cwd: settings.workdir,
    readHead: (path) => readInContainer(engine, running.container, path),
  })
}

/** A file as the container sees it; what is mounted there is read from where it came. */
function readInContainer({ store }: Engine, { id, settings }: Container, path: string): Buffer | undefined {
  const whole = posix.resolve(settings.workdir, path)
  const mount = settings.mounts.find(({ target }) => whole === target || whole.startsWith(`${target}/`))
  if (!mount || mount.kind === 'tmpfs') return readHeadInRoot(places(store, id).rootfs, whole, headSize)
  const source = mount.kind === 'bind' ? mount.source : volumePath(store, mount.name)
  const rest = posix.relative(mount.target, whole)
  return rest
    ? readHeadInRoot(source, rest, headSize)
    : readHeadInRoot(posix.dirname(source), posix.basename(source), headSize)
}

/** Published ports that can't be reached, because the server listens on the container's loopback address only. */
export function explainPorts(container: Container): Hint[] {
  return unreachablePorts(container).map(({ containerPort }) => loopbackOnly(containerPort, commandText(container)))
}

/** A command that a shell-form ENTRYPOINT will never see. */
export function explainCommand({ settings }: Container): Hint | undefined {
  return swallowedCmd(settings.entrypoint, settings.command)
}
