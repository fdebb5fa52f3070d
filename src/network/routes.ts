import { readFileSync } from 'node:fs'
import type { Subnet } from './ipv4.ts'

/** A line of the kernel's main routing table. */
export interface Route extends Subnet {
  readonly device: string
}

/** The IPv4 routes of this machine (proc_net(5), `/proc/net/route`), the default route among them with prefix 0. */
export function routes(): Route[] {
  const [, ...lines] = readFileSync('/proc/self/net/route', 'latin1').trim().split('\n')
  return lines.flatMap((line) => {
    const [device, destination, , , , , , mask] = line.split('\t')
    if (!device || !destination || !mask) return []
    return [{ device, base: word(destination), prefix: word(mask).toString(2).replace(/0+$/, '').length }]
  })
}

/** The names of the network devices of this process' namespace. */
export function devices(): Set<string> {
  const [, , ...lines] = readFileSync('/proc/self/net/dev', 'latin1').trim().split('\n')
  return new Set(lines.map((line) => line.slice(0, line.indexOf(':')).trim()))
}

/** Words of network byte order are printed as numbers of this machine, which is little-endian. */
function word(hex: string): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE()
}
