import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createNetworkNamespace } from '../host/mod.ts'
import { bridge, type Endpoint, hostResolvConf, hostsFile, reservePorts } from '../network/mod.ts'
import type { Mount, SpecOptions } from '../runtime/mod.ts'
import { places } from './places.ts'
import { getContainer } from './records.ts'
import type { Container, Context } from './types.ts'

/** What a container that is about to start gets of the network. Disposing it lets go of what this process holds of it. */
export interface Wire extends Disposable {
  readonly namespace: SpecOptions['network']
  /** Sockets that hold its published ports, for conmon to keep. */
  readonly fds: readonly number[]
  /** /etc/hosts, /etc/hostname and /etc/resolv.conf. */
  readonly files: readonly Mount[]
  /** Wires it up and publishes its ports. Undefined where it has no network of its own. */
  attach(): Promise<Endpoint | undefined>
}

/**
 * Prepares a container's network. Its namespace is made here already, so that it can be wired while the runtime makes the
 * container. Throws `conflict` when a port is taken, with by whom as hint.
 */
export function wire({ store }: Context, { id, settings }: Container): Wire {
  const { hostname, addHosts, network } = settings
  const { directory } = places(store, id)
  const file = (name: string, text: string): Mount => {
    const source = join(directory, name)
    writeFileSync(source, text)
    return { kind: 'bind', source, target: `/etc/${name}` }
  }
  const ofHost = network === 'host'
  const common = [file('hostname', `${hostname}\n`), file('resolv.conf', hostResolvConf({ ofHost, dns: settings.dns }))]
  if (network !== 'bridge') {
    const files = [...common, file('hosts', hostsFile({ hostname, extraHosts: addHosts, ofHost }))]
    const namespace = ofHost ? 'host' : 'new'
    return { namespace, fds: [], files, attach: async () => undefined, [Symbol.dispose]: () => {} }
  }
  const reservation = reservePorts(store, settings.publish)
  const namespace = createNetworkNamespace()
  return {
    namespace,
    fds: reservation.fds,
    // A bind mount is of the file, not its name: what is written to it later is seen.
    files: [...common, file('hosts', '')],
    async attach() {
      const endpoint = await bridge(store).attach(id, namespace.path, { ports: reservation.ports })
      const { address, gateway } = endpoint
      file('hosts', hostsFile({ hostname, address, gateway, extraHosts: addHosts }))
      return endpoint
    },
    [Symbol.dispose]() {
      namespace[Symbol.dispose]()
      reservation[Symbol.dispose]()
    },
  }
}

/** Gives the container's address and ports back. */
export async function unwire(context: Context, id: string): Promise<void> {
  if (getContainer(context, id)?.settings.network === 'bridge') await bridge(context.store).detach(id)
}
