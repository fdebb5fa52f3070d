/** What a process in a container gets. Defaults are Docker's. */
export interface ProcessOptions {
  readonly args: readonly string[]
  /** `KEY=value`. */
  readonly env: readonly string[]
  readonly cwd: string
  /** `KEY=value` that wins over `env`, and that must be written to no disk. */
  readonly secretEnv?: readonly string[]
  /** As in USER: `name`, `uid`, `name:group`, …; looked up in the container's own /etc/passwd and /etc/group. */
  readonly user: string
  readonly tty?: boolean
  readonly privileged?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly ulimits?: readonly Ulimit[] | undefined
  /** Names or numbers of more groups. */
  readonly groupAdd?: readonly string[] | undefined
  readonly noNewPrivileges?: boolean | undefined
  /** From -1000 to 1000; the greater, the sooner it is killed where memory is short. */
  readonly oomScoreAdj?: number | undefined
}

/** A limit of setrlimit(2). */
export interface Ulimit {
  /** `nofile`, `nproc`, … */
  readonly name: string
  /** -1 is no limit. */
  readonly soft: number
  readonly hard: number
}

export interface SpecOptions extends ProcessOptions {
  /** The mounted root file system. */
  readonly rootfs: string
  readonly readonlyRootfs?: boolean
  readonly hostname: string
  readonly mounts?: readonly Mount[]
  /** `host`: the host's; `new`: made with the container; a path: an existing namespace. */
  readonly network: 'host' | 'new' | { readonly path: string }
  /** Absolute below the cgroup root, e.g. `/strake/ID`. */
  readonly cgroup: string
  /** seccomp=unconfined. */
  readonly unconfined?: boolean
  readonly limits?: Limits
  /** Bytes of /dev/shm: 64 MB if left out. */
  readonly shmSize?: number | undefined
  readonly sysctls?: Readonly<Record<string, string>> | undefined
  /** The host's; `none` is its own one, without /dev/shm. */
  readonly ipc?: 'host' | 'none' | undefined
  readonly pid?: 'host' | undefined
  readonly uts?: 'host' | undefined
  /** What devices bring. */
  readonly edits?: readonly ContainerEdits[]
}

/** A step has a cgroup of its own, which is new. */
export interface StepOptions extends Omit<SpecOptions, 'cgroup'> {
  /** The cgroup below which that is made, in `strake` there: a path. The root if left out. */
  readonly cgroupParent?: string | undefined
}

/** A device of the Container Device Interface that is asked for. */
export interface WantedDevice {
  /** `vendor.com/class=name` */
  readonly name: string
  readonly required: boolean
}

/** What a device brings into a container (CDI, containerEdits). */
export interface ContainerEdits {
  readonly env?: readonly string[]
  readonly deviceNodes?: readonly DeviceNode[]
  readonly mounts?: readonly {
    readonly hostPath: string
    readonly containerPath: string
    readonly type?: string
    readonly options?: readonly string[]
  }[]
  readonly hooks?: readonly {
    readonly hookName: string
    readonly path: string
    readonly args?: readonly string[]
    readonly env?: readonly string[]
    readonly timeout?: number
  }[]
  readonly additionalGids?: readonly number[]
}

export interface DeviceNode {
  readonly path: string
  readonly hostPath?: string
  readonly type?: string
  readonly major?: number
  readonly minor?: number
  readonly fileMode?: number
  /** `rwm` */
  readonly permissions?: string
  readonly uid?: number
  readonly gid?: number
}

/** What is left out is not limited. */
export interface Limits {
  /** Bytes; as much again may be swapped out, as in Docker, unless `memorySwap` says otherwise. */
  readonly memory?: number | undefined
  /** Bytes of memory and swap together. -1 is no limit. */
  readonly memorySwap?: number | undefined
  /** Bytes that are left to it when memory is short. */
  readonly memoryReservation?: number | undefined
  /** Whole processors: 0.5 is half of one. */
  readonly cpus?: number | undefined
  /** Its weight beside others, which have 1024. */
  readonly cpuShares?: number | undefined
  /** Microseconds of processor time in each period, and that period: another way to say `cpus`. */
  readonly cpuQuota?: number | undefined
  readonly cpuPeriod?: number | undefined
  /** Which ones: `0-2,5`. */
  readonly cpusetCpus?: string | undefined
  readonly cpusetMems?: string | undefined
  /** Processes and threads. -1 is no limit. */
  readonly pidsLimit?: number | undefined
}

export interface Mount {
  readonly source: string
  readonly target: string
  readonly kind: 'bind' | 'tmpfs'
  readonly readonly?: boolean
  /** For tmpfs: `size=64m,mode=1777`. */
  readonly options?: readonly string[]
}

/** What goes into a RUN step and what comes out. */
export interface ExecuteOptions {
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
  readonly stdin?: Uint8Array | undefined
  /** The process gets this process' own standard input, output and error: a person works in it. */
  readonly inherit?: boolean
  readonly signal?: AbortSignal | undefined
}
