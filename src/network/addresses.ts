import { StrakeError } from '../lib/mod.ts'
import type { Store } from '../store/mod.ts'
import { formatAddress, parseAddress, type Subnet, size, subnetOf } from './ipv4.ts'
import { devices } from './routes.ts'
import type { PortMapping } from './types.ts'

/** An address that is given out, and the ports of the host that lead to it. */
export interface Allocation {
  readonly owner: string
  readonly address: string
  readonly ports: readonly PortMapping[]
}

/** Bits of a bridge's subnet. */
export const prefix = 20
/** The owner of the bridge's own address, whose row remembers the subnet. */
const gatewayOwner = 'gateway'
/** How long an address may have no wire (ms): the time between giving it out and wiring it, many times over. */
const wiringTime = 10_000

/** The device at the host's end of the wire, named after the address, so that it tells whether that is in use. */
export function wireName(address: string): string {
  return `sk${parseAddress(address)!.toString(16).padStart(8, '0')}`
}

/** The addresses of a bridge, in the store's table `endpoints`. */
export function addresses(store: Store, network: string) {
  const { db } = store
  const select = db.prepare('SELECT owner, address, ports, created_at FROM endpoints WHERE network = ?')
  const insert = db.prepare('INSERT INTO endpoints (owner, network, address, ports, created_at) VALUES (?, ?, ?, ?, ?)')
  const remove = db.prepare('DELETE FROM endpoints WHERE network = ? AND owner = ?')
  const rows = () =>
    select.all(network).map((row) => ({
      owner: row.owner as string,
      address: row.address as string,
      ports: JSON.parse(row.ports as string) as PortMapping[],
      createdAt: row.created_at as number,
    }))

  /** The subnet that was chosen earlier. */
  function subnet(): Subnet | undefined {
    const gateway = rows().find(({ owner }) => owner === gatewayOwner)
    return gateway && subnetOf(parseAddress(gateway.address)!, prefix)
  }

  return {
    subnet,
    /** Forgets all that was given out of another subnet. */
    chooseSubnet({ base }: Subnet): void {
      store.transaction(() => {
        db.prepare('DELETE FROM endpoints WHERE network = ?').run(network)
        insert.run(gatewayOwner, network, formatAddress(base + 1), '[]', Date.now())
      })
    },
    /** Gives the lowest free address to `owner`, after `check` has seen all others. */
    allocate(owner: string, ports: readonly PortMapping[], check: (others: readonly Allocation[]) => void): string {
      return store.transaction(() => {
        remove.run(network, owner)
        const wires = devices()
        const used: Allocation[] = []
        for (const row of rows()) {
          const isFresh = Date.now() - row.createdAt < wiringTime
          if (row.owner === gatewayOwner || isFresh || wires.has(wireName(row.address))) used.push(row)
          else remove.run(network, row.owner)
        }
        check(used)
        const taken = new Set(used.map(({ address }) => address))
        const { base, prefix } = subnet()!
        for (let number = base + 2; number < base + size({ base, prefix }) - 1; number++) {
          const address = formatAddress(number)
          // A namespace that was just let go of takes its wire along a little later.
          if (taken.has(address) || wires.has(wireName(address))) continue
          insert.run(owner, network, address, JSON.stringify(ports), Date.now())
          return address
        }
        throw new StrakeError('unavailable', `no address is free in the network ${network}`)
      })
    },
    /** Gives back what the owner had. */
    release(owner: string): Allocation | undefined {
      return store.transaction(() => {
        const allocation = rows().find((row) => row.owner === owner)
        remove.run(network, owner)
        return allocation
      })
    },
    all: (): readonly Allocation[] => rows(),
  }
}
