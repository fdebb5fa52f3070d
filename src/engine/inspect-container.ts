import {
  type Container,
  type ContainerState,
  currentContainer,
  places,
  publishedPorts,
  volumePath,
} from '../containers/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'

/** A container as `docker inspect` tells it (Docker Engine API, ContainerInspect). Undefined when there is none. */
export async function inspectContainer(engine: Engine, name: string): Promise<object | undefined> {
  let container: Container
  try {
    container = await currentContainer(engine, name)
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'not_found') return undefined
    throw error
  }
  const { id, settings, image, createdAt, snapshot } = container
  const { directory, log } = places(engine.store, id)
  const [path = '', ...args] = [...settings.entrypoint, ...settings.command]
  return {
    Id: id,
    Created: new Date(createdAt).toISOString(),
    Path: path,
    Args: args,
    State: stateOf(container.state),
    Image: image,
    ResolvConfPath: `${directory}/resolv.conf`,
    HostnamePath: `${directory}/hostname`,
    HostsPath: `${directory}/hosts`,
    LogPath: log,
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: 'overlay2',
    Platform: 'linux',
    HostConfig: hostConfig(container),
    GraphDriver: {
      Data: snapshot === undefined ? {} : { UpperDir: engine.store.snapshots.dir(snapshot) },
      Name: 'overlay2',
    },
    Mounts: mountsOf(engine, container),
    Config: config(container),
    NetworkSettings: networkOf(container),
  }
}

const never = '0001-01-01T00:00:00Z'

function stateOf(state: ContainerState): object {
  const time = (milliseconds: number) => new Date(milliseconds).toISOString()
  return {
    Status: state.kind,
    Running: state.kind === 'running',
    Paused: false,
    Restarting: false,
    OOMKilled: state.kind === 'exited' && state.oomKilled,
    Dead: false,
    Pid: state.kind === 'running' ? Number.parseInt(state.process, 10) : 0,
    ExitCode: state.kind === 'exited' || state.kind === 'created' ? (state.exitCode ?? 0) : 0,
    Error: state.kind === 'created' ? (state.error ?? '') : '',
    StartedAt: state.kind === 'running' || state.kind === 'exited' ? time(state.startedAt) : never,
    FinishedAt: state.kind === 'exited' ? time(state.finishedAt) : never,
  }
}

function config({ settings }: Container): object {
  const anonymous = settings.mounts.filter((mount) => mount.kind === 'volume' && mount.anonymous)
  return {
    Hostname: settings.hostname,
    User: settings.user,
    AttachStdin: settings.stdinOnce,
    ExposedPorts: Object.fromEntries(settings.exposed.map((port) => [port, {}])),
    Tty: settings.tty,
    OpenStdin: settings.interactive,
    StdinOnce: settings.stdinOnce,
    Env: settings.env,
    Cmd: settings.command.length > 0 ? settings.command : null,
    Image: settings.image,
    Volumes: anonymous.length > 0 ? Object.fromEntries(anonymous.map(({ target }) => [target, {}])) : null,
    WorkingDir: settings.workdir,
    Entrypoint: settings.entrypoint.length > 0 ? settings.entrypoint : null,
    Labels: settings.labels,
    StopSignal: settings.stopSignal,
    StopTimeout: settings.stopTimeout,
  }
}

function hostConfig({ settings }: Container): object {
  const bindings: Record<string, object[]> = {}
  for (const { protocol, hostIp, hostPort, hostPortEnd, containerPort } of settings.publish) {
    const port = hostPortEnd === undefined ? `${hostPort || ''}` : `${hostPort}-${hostPortEnd}`
    bindings[`${containerPort}/${protocol}`] ??= []
    bindings[`${containerPort}/${protocol}`]!.push({ HostIp: hostIp === '0.0.0.0' ? '' : hostIp, HostPort: port })
  }
  const binds = settings.mounts.flatMap((mount) => {
    if (mount.kind === 'tmpfs' || (mount.kind === 'volume' && mount.anonymous)) return []
    return [`${mount.kind === 'bind' ? mount.source : mount.name}:${mount.target}${mount.readonly ? ':ro' : ''}`]
  })
  return {
    Binds: binds.length > 0 ? binds : null,
    NetworkMode: settings.network,
    PortBindings: bindings,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: settings.autoRemove,
    CapAdd: settings.capAdd.length > 0 ? settings.capAdd : null,
    CapDrop: settings.capDrop.length > 0 ? settings.capDrop : null,
    ExtraHosts: settings.addHosts.length > 0 ? settings.addHosts : null,
    Privileged: settings.privileged,
    ReadonlyRootfs: settings.readonlyRootfs,
    ...isolationOf(settings),
    Init: settings.init,
    Memory: settings.memory ?? 0,
    NanoCpus: Math.round((settings.cpus ?? 0) * 1e9),
    PidsLimit: settings.pidsLimit ?? null,
    MemorySwap: settings.memorySwap ?? (settings.memory ?? 0) * 2,
    MemoryReservation: settings.memoryReservation ?? 0,
    CpuShares: settings.cpuShares ?? 0,
    CpuQuota: settings.cpuQuota ?? 0,
    CpuPeriod: settings.cpuPeriod ?? 0,
    CpusetCpus: settings.cpusetCpus ?? '',
    CpusetMems: settings.cpusetMems ?? '',
    OomScoreAdj: settings.oomScoreAdj ?? 0,
  }
}

function isolationOf(settings: Container['settings']): object {
  const { devices = [], dns, ulimits = [], ipc, pid, uts, noNewPrivileges, unconfined } = settings
  const security = [...(noNewPrivileges ? ['no-new-privileges'] : []), ...(unconfined ? ['seccomp=unconfined'] : [])]
  return {
    SecurityOpt: security.length > 0 ? security : null,
    Dns: dns?.servers ?? [],
    DnsOptions: dns?.options ?? [],
    DnsSearch: dns?.search ?? [],
    GroupAdd: settings.groupAdd ?? null,
    IpcMode: ipc ?? 'private',
    PidMode: pid ?? '',
    UTSMode: uts ?? '',
    UsernsMode: '',
    ShmSize: settings.shmSize ?? 64 << 20,
    ...(settings.sysctls && { Sysctls: settings.sysctls }),
    CgroupParent: settings.cgroupParent ?? '',
    Devices: devices.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    Ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft })),
  }
}

function mountsOf({ store }: Engine, { settings }: Container): object[] {
  return settings.mounts.map((mount) => {
    if (mount.kind === 'tmpfs') {
      return { Type: 'tmpfs', Source: '', Destination: mount.target, Mode: '', RW: true, Propagation: '' }
    }
    const { target, readonly } = mount
    const common = { Destination: target, Mode: readonly ? 'ro' : '', RW: !readonly }
    if (mount.kind === 'bind') return { Type: 'bind', Source: mount.source, ...common, Propagation: 'rprivate' }
    const source = volumePath(store, mount.name)
    return { Type: 'volume', Name: mount.name, Source: source, ...common, Driver: 'local', Propagation: '' }
  })
}

function networkOf(container: Container): object {
  const { state, settings } = container
  const endpoint = state.kind === 'running' ? state.endpoint : undefined
  const ports: Record<string, object[] | null> = {}
  if (state.kind === 'running') for (const port of settings.exposed) ports[port] = null
  for (const { protocol, hostIp, hostPort, containerPort } of publishedPorts(container)) {
    const name = `${containerPort}/${protocol}`
    ports[name] = [...(ports[name] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }]
  }
  const address = {
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '',
    IPPrefixLen: endpoint?.prefix ?? 0,
    MacAddress: endpoint?.mac ?? '',
  }
  return { Ports: ports, ...address, Networks: { [settings.network]: address } }
}
