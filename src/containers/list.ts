import { listeners, type PortMapping } from '../network/mod.ts'
import { hasStarted, refresh } from './end.ts'
import { allContainers, findContainer } from './records.ts'
import type { Container, Context } from './types.ts'

/** All containers as they are now, the newest first. */
export async function listContainers(context: Context): Promise<Container[]> {
  const current = await Promise.all(allContainers(context).map((container) => refresh(context, container)))
  return current.filter((container) => container !== undefined)
}

/**
 * The container that a person means, as it is now. Throws `not_found` and `invalid` (ambiguous) in docker's words.
 */
export async function currentContainer(context: Context, nameOrId: string): Promise<Container> {
  const container = await refresh(context, findContainer(context, nameOrId))
  // It was removed this moment; the error says so in the same words.
  return container ?? findContainer(context, nameOrId)
}

/** The ports that a container publishes now. */
export function publishedPorts({ state }: Container): readonly PortMapping[] {
  return state.kind === 'running' ? (state.endpoint?.ports ?? []) : []
}

/**
 * The published ports that nobody can reach, because the program in the container listens on its loopback address only.
 * Empty where it does not listen at all (yet).
 */
export function unreachablePorts(container: Container): PortMapping[] {
  if (!hasStarted(container)) return []
  const published = publishedPorts(container)
  if (published.length === 0) return []
  const all = listeners(Number.parseInt(container.state.process, 10))
  return published.filter(({ containerPort, protocol }) => {
    const own = all.filter((one) => one.port === containerPort && one.protocol === protocol)
    return own.length > 0 && own.every(({ loopback }) => loopback)
  })
}
