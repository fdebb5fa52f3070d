/** A port of the host that leads into a container. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp'
  /** `0.0.0.0` for all. */
  readonly hostIp: string
  /** 0 for any free one. */
  readonly hostPort: number
  /** With it, the first free port from `hostPort` up to this one. */
  readonly hostPortEnd?: number
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
   * Ports must be exact: `reservePorts` makes them so. Throws `conflict` when another container has one of them.
   */
  attach(owner: string, netns: string, options?: { readonly ports?: readonly PortMapping[] }): Promise<Endpoint>
  detach(owner: string): Promise<void>
}

/** Network namespaces for build steps, wired to a network. Disposing it lets go of all. */
export interface NamespacePool extends Disposable {
  /** A namespace that nobody else uses until it is disposed: one that is free, else a new one. */
  acquire(): Promise<PooledNamespace>
}

export interface PooledNamespace extends Disposable {
  readonly path: string
  readonly endpoint: Endpoint
}

/** Ports of the host that nobody else can take while the descriptors are open, here or in a process that got them. */
export interface PortReservation extends Disposable {
  /** As they were asked for, with exact host ports. */
  readonly ports: readonly PortMapping[]
  readonly fds: readonly number[]
}
