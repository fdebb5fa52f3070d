/** A port of the host that leads into a container. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp'
  /** `0.0.0.0` for all. */
  readonly hostIp: string
  readonly hostPort: number
  readonly containerPort: number
}

export interface Endpoint {
  readonly address: string
  /** Bits of the network's prefix. */
  readonly prefix: number
  readonly gateway: string
  readonly mac: string
  readonly ports: readonly PortMapping[]
}

/** A kind of network for containers and build steps. */
export interface NetworkDriver {
  /**
   * Wires the namespace at `netns` (a path) up as `owner` (a container id, or any name for a build step) and publishes ports.
   * The host side of the wire goes with the namespace; ports and the address are given back by `detach`.
   * Throws `conflict` when a port is taken, with by whom as hint.
   */
  attach(owner: string, netns: string, options?: { readonly ports?: readonly PortMapping[] }): Promise<Endpoint>
  detach(owner: string): Promise<void>
}
