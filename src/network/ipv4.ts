/** An IPv4 network: the number of its first address, and the bits of its prefix. */
export interface Subnet {
  readonly base: number
  readonly prefix: number
}

/** Undefined for what is no dotted IPv4 address. */
export function parseAddress(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatAddress(base)}/${prefix}`
}

/** How many addresses it has. */
export function size({ prefix }: Subnet): number {
  return 2 ** (32 - prefix)
}

/** The subnet of that prefix in which the address lies. */
export function subnetOf(address: number, prefix: number): Subnet {
  const count = 2 ** (32 - prefix)
  return { base: Math.floor(address / count) * count, prefix }
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + size(b) && b.base < a.base + size(a)
}
