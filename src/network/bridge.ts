import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execChecked } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Store } from '../store/mod.ts'
import { type Allocation, addresses, prefix } from './addresses.ts'
import { rulesNote } from './generation.ts'
import { formatAddress, overlap, parseAddress, type Subnet } from './ipv4.ts'
import { locked } from './lock.ts'
import { collide, containerName, portConflict } from './reserve.ts'
import { devices, routes } from './routes.ts'
import { forgetIptables, lookAtRules, passIptables, removeRules, setRules } from './rules.ts'
import type { Endpoint, NetworkDriver, PortMapping } from './types.ts'
import { wire } from './wire.ts'

const lockFile = '/run/strake/network.lock'

/**
 * The network of containers and build steps on this machine: a bridge, with addresses of its own and the host's towards the
 * outside. Each store has a bridge of its own, made when it is first needed: `strake0` for the default one.
 */
export function bridge(store: Store): NetworkDriver {
  const name = bridgeName(store)
  const pool = addresses(store, name)
  const note = rulesNote(noteFile(name))
  let prepared: Promise<void> | undefined

  /** Sees that all rules stand; those of published ports anew where they have changed. */
  const refreshRules = (portsChanged: boolean) =>
    locked(lockFile, async () => {
      const stand = note.stands()
      if (stand && !portsChanged) return
      const look = () => lookAtRules(name)
      const lookAround = async () => {
        const [rules, passed] = await Promise.all([look(), passIptables(name)])
        return passed === 0 ? rules : undefined
      }
      if (!portsChanged && (await note.stillStands(lookAround))) return
      const change = async () => {
        const passed = stand ? 0 : await passIptables(name)
        return passed + (await setRules(name, pool.subnet()!, pool.all()))
      }
      // Who publishes a port does not wait for that.
      await note.settle(change, portsChanged ? undefined : look)
    })

  return {
    async attach(owner, netns, { ports = [] } = {}): Promise<Endpoint> {
      if (!devices().has(name)) prepared = undefined
      prepared ??= locked(lockFile, () => prepare(name, store.root, pool))
      await prepared
      const address = pool.allocate(owner, ports, (others) => checkPorts(store, ports, others))
      const endpoint = { address, prefix, gateway: gatewayOf(pool.subnet()!), mac: macOf(address), ports }
      try {
        wire(name, netns, endpoint)
        await refreshRules(ports.length > 0)
      } catch (error) {
        pool.release(owner)
        throw error
      }
      return endpoint
    },
    async detach(owner) {
      const released = pool.release(owner)
      if (released?.ports.length) await refreshRules(true)
    },
  }
}

/** Takes the store's bridge off this machine, with its rules. It comes back when it is needed. */
export async function removeBridge(store: Store): Promise<void> {
  await locked(lockFile, () => takeAway(bridgeName(store)))
}

function noteFile(name: string): string {
  return join(dirname(lockFile), `${name}.rules`)
}

async function takeAway(name: string): Promise<void> {
  rmSync(noteFile(name), { force: true })
  if (devices().has(name)) await ip([`link del ${name}`])
  await removeRules(name)
  await forgetIptables(name)
}

/** Bridges of stores that are no more: a store's folder may be deleted without a word to us. */
async function takeAwayAbandoned(): Promise<void> {
  for (const name of devices()) {
    if (!name.startsWith('strake')) continue
    const device = `/sys/class/net/${name}`
    const root = readFileSync(`${device}/ifalias`, 'utf8').trim()
    if (root === '' || existsSync(join(root, 'strake.db')) || readdirSync(`${device}/brif`).length > 0) continue
    await takeAway(name)
  }
}

/** Names of devices have at most 15 bytes. */
function bridgeName({ root }: Store): string {
  if (root === '/var/lib/strake') return 'strake0'
  return `strake-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`
}

async function prepare(name: string, root: string, pool: ReturnType<typeof addresses>): Promise<void> {
  if (!devices().has(name)) await takeAwayAbandoned()
  const table = routes()
  const own = table.find((route) => route.device === name && route.prefix === prefix)
  const subnet =
    own ??
    freeSubnet(
      table.filter(({ device }) => device !== name),
      pool.subnet(),
    )
  if (pool.subnet()?.base !== subnet.base) {
    pool.chooseSubnet(subnet)
    await removeRules(name)
  }
  if (!own) {
    const gateway = gatewayOf(subnet)
    await ip([
      ...(devices().has(name) ? [] : [`link add ${name} type bridge`]),
      // Without an address of its own, a bridge takes that of some container, and loses it with that.
      `link set ${name} address ${macOf(gateway)}${noLinkLocal()}`,
      `addr replace ${gateway}/${prefix} broadcast + dev ${name}`,
      `link set ${name} up`,
    ])
    // Tells whose it is, for `takeAwayAbandoned`. The kernel takes 255 bytes.
    if (Buffer.byteLength(root) < 256) writeFileSync(`/sys/class/net/${name}/ifalias`, root)
  }
  setKernel('ip_forward', 'net.ipv4.ip_forward')
  // The host's loopback reaches published ports by it; the rules keep containers from the host's loopback.
  setKernel('route_localnet', `net.ipv4.conf.${name}.route_localnet`)
}

function setKernel(what: string, key: string): void {
  const path = `/proc/sys/${key.replaceAll('.', '/')}`
  if (readFileSync(path, 'latin1').trim() === '1') return
  try {
    writeFileSync(path, '1')
  } catch (error) {
    throw new StrakeError('unsupported', `${what} can't be switched on: ${path} is not writable`, {
      hint: `Switch it on as root: sysctl -w ${key}=1`,
      cause: error,
    })
  }
}

/** The first of our candidates that overlaps no route of this machine; the one that we had before, if it still can be. */
function freeSubnet(table: readonly Subnet[], before: Subnet | undefined): Subnet {
  const taken = table.filter(({ prefix }) => prefix > 0)
  for (const subnet of [...(before ? [before] : []), ...candidates()]) {
    if (!taken.some((route) => overlap(route, subnet))) return subnet
  }
  throw new StrakeError('unavailable', 'no private network is free for containers: every one is routed elsewhere', {
    hint: 'Containers can still use the host’s network: --network host',
  })
}

function* candidates(): Generator<Subnet> {
  for (const first of ['10.222.0.0', '172.31.0.0', '10.96.0.0', '192.168.208.0']) {
    const count = first.startsWith('192') ? 3 : 16
    for (let i = 0; i < count; i++) yield { base: parseAddress(first)! + i * 2 ** (32 - prefix), prefix }
  }
}

function gatewayOf({ base }: Subnet): string {
  return formatAddress(base + 1)
}

/** Made from the address, as Docker does: a later container with the same address has the same one, and no cache is wrong. */
function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['02', '42', ...bytes].join(':')
}

/** Keeps IPv6 from giving a device an address. A kernel without IPv6 (ipv6.disable=1) refuses even that. */
function noLinkLocal(): string {
  return existsSync('/proc/net/if_inet6') ? ' addrgenmode none' : ''
}

async function ip(commands: readonly string[]): Promise<void> {
  await execChecked('ip', ['-batch', '-'], { input: lines(commands) })
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join('')
}

function checkPorts(store: Store, ports: readonly PortMapping[], others: readonly Allocation[]): void {
  for (const port of ports) {
    const other = others.find(({ ports }) => ports.some((held) => collide(held, port)))
    if (other) throw portConflict(port, `container ${containerName(store, other.owner)}`)
  }
}
