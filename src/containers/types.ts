import type { Images } from '../images/mod.ts'
import type { Endpoint, PortMapping } from '../network/mod.ts'
import type { Digest, Platform } from '../oci/mod.ts'
import type { Limits } from '../runtime/mod.ts'
import type { SnapshotId, Store } from '../store/mod.ts'
import type { Isolation, IsolationOptions } from './isolation.ts'

/** What containers stand on. An engine is one. */
export interface Context {
  readonly store: Store
  readonly images: Images
}

/** What a person asks for. Texts have docker's forms, and what is left out comes from the image or is docker's default. */
export interface CreateOptions extends IsolationOptions, Limits {
  readonly image: string
  /** What the image must be for. */
  readonly platform?: Platform | undefined
  /** Replaces the image's CMD. */
  readonly command?: readonly string[] | undefined
  /** Replaces the image's ENTRYPOINT and CMD; empty for none. */
  readonly entrypoint?: readonly string[] | undefined
  readonly name?: string | undefined
  /** `KEY=value`; a `KEY` alone takes the variable away. */
  readonly env?: readonly string[] | undefined
  readonly workdir?: string | undefined
  readonly user?: string | undefined
  readonly hostname?: string | undefined
  /** A pseudo-terminal as standard input, output and error. */
  readonly tty?: boolean | undefined
  /** Keeps standard input open: attached clients may write to it. */
  readonly interactive?: boolean | undefined
  /** Closes standard input when the client that writes to it goes, as a foreground run wants it. */
  readonly stdinOnce?: boolean | undefined
  /** Removes the container and its anonymous volumes when it ends. */
  readonly autoRemove?: boolean | undefined
  /** `[[IP:][HOST]:]CONTAINER[/tcp|/udp]`; each port may be a range. */
  readonly publish?: readonly string[] | undefined
  /** Publishes what the image EXPOSEs, each on a free port. */
  readonly publishAll?: boolean | undefined
  /** `[SOURCE:]TARGET[:ro]`: a path of the host, the name of a volume, or an anonymous volume. */
  readonly volumes?: readonly string[] | undefined
  /** `type=bind|volume|tmpfs,source=…,target=…[,readonly]`. */
  readonly mounts?: readonly string[] | undefined
  /** `TARGET[:size=64m,…]`. */
  readonly tmpfs?: readonly string[] | undefined
  readonly network?: string | undefined
  /** `NAME:IP`; the IP `host-gateway` is the host's on the bridge. */
  readonly addHosts?: readonly string[] | undefined
  readonly capAdd?: readonly string[] | undefined
  readonly capDrop?: readonly string[] | undefined
  readonly privileged?: boolean | undefined
  readonly readonlyRootfs?: boolean | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly stopSignal?: string | undefined
  /** Seconds. */
  readonly stopTimeout?: number | undefined
  /** Runs the host's tini, docker-init or catatonit as the first process. */
  readonly init?: boolean | undefined
  /** From -1000 to 1000; the greater, the sooner it is killed where memory is short. */
  readonly oomScoreAdj?: number | undefined
  /** `80`, `53/udp`: ports besides those that the image EXPOSEs. */
  readonly expose?: readonly string[] | undefined
}

/** What a container is, from its creation to its removal. Kept in the database as JSON. */
export interface Settings extends Isolation, Limits {
  /** As the person named it. */
  readonly image: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly env: readonly string[]
  readonly workdir: string
  readonly user: string
  readonly hostname: string
  readonly tty: boolean
  readonly interactive: boolean
  readonly stdinOnce: boolean
  readonly autoRemove: boolean
  readonly publish: readonly PortMapping[]
  /** `80/tcp`. */
  readonly exposed: readonly string[]
  readonly mounts: readonly ContainerMount[]
  readonly network: NetworkMode
  readonly addHosts: readonly string[]
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly privileged: boolean
  readonly readonlyRootfs: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly stopSignal: string
  readonly stopTimeout: number
  readonly init: boolean
  readonly oomScoreAdj?: number
}

export type NetworkMode = 'bridge' | 'host' | 'none'

export type ContainerMount =
  | { readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readonly: boolean }
  | {
      readonly kind: 'volume'
      readonly name: string
      readonly target: string
      readonly readonly: boolean
      /** Made for this container only, and removed with it when that is asked for. */
      readonly anonymous: boolean
      /** Whether an empty volume gets what the image has there. */
      readonly copy: boolean
    }
  | { readonly kind: 'tmpfs'; readonly target: string; readonly options: readonly string[] }

/** Times are milliseconds since the epoch. */
export type ContainerState =
  /** Never ran; with `error`, the last start failed. */
  | { readonly kind: 'created'; readonly error?: string; readonly exitCode?: number }
  | Running
  | {
      readonly kind: 'exited'
      readonly exitCode: number
      readonly startedAt: number
      readonly finishedAt: number
      readonly oomKilled: boolean
    }
  /** Its removal began and was cut short: it can only be removed. */
  | { readonly kind: 'removing' }

export interface Running {
  readonly kind: 'running'
  /** The container's first process, and conmon, which keeps it: pid and start time (`processIdentity`). */
  readonly process: string
  readonly monitor: string
  /** The kernel's boot id: identities are only good within one boot. */
  readonly boot: string
  /** The path of the runtime that made it: no other one knows it. Without it, the one of `findRuntime`. */
  readonly runtime?: string
  readonly startedAt: number
  readonly endpoint?: Endpoint
}

export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string
  readonly name: string
  /** Digest of the image's configuration. */
  readonly image: Digest
  readonly snapshot: SnapshotId | undefined
  readonly createdAt: number
  readonly settings: Settings
  readonly state: ContainerState
}

export interface Volume {
  readonly name: string
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  /** Where its files are. */
  readonly path: string
}

/** A piece of a container's output, cut anywhere. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Uint8Array
}

/** A line of a container's output with its end, or a part of one, as it came. */
export interface LogEntry extends OutputChunk {
  /** RFC 3339 in UTC with nanoseconds: `2024-05-01T10:00:00.123456789Z`. */
  readonly time: string
}
