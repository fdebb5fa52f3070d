import type { CreateContainerOptions } from '../engine/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { parsePlatform } from '../oci/mod.ts'
import type { Call, Options } from './command.ts'
import { byteSize, containerVariables, pairs } from './option-values.ts'
import { ulimitsOf } from './ulimits.ts'

/** The options that `run` and `create` share. */
export const createOptions = {
  name: { kind: 'string', help: 'Assign a name to the container' },
  publish: { kind: 'list', short: 'p', help: 'Publish a container\'s port(s) to the host (format: "8080:80")' },
  'publish-all': { kind: 'boolean', short: 'P', help: 'Publish all exposed ports to random ports' },
  expose: { kind: 'list', help: 'Expose a port or a range of ports' },
  env: { kind: 'list', short: 'e', help: 'Set environment variables' },
  'env-file': { kind: 'list', value: 'file', help: 'Read in a file of environment variables' },
  volume: {
    kind: 'list',
    short: 'v',
    help: 'Bind mount a path of the host, or a volume (format: "source:target[:ro]")',
  },
  mount: { kind: 'list', value: 'mount', help: 'Attach a filesystem mount (format: "type=bind,source=…,target=…")' },
  tmpfs: { kind: 'list', help: 'Mount a tmpfs directory' },
  workdir: { kind: 'string', short: 'w', help: 'Working directory inside the container' },
  user: { kind: 'string', short: 'u', help: 'Username or UID (format: "name|uid[:group|gid]")' },
  entrypoint: { kind: 'string', help: 'Overwrite the default ENTRYPOINT of the image' },
  interactive: { kind: 'boolean', short: 'i', help: 'Keep STDIN open even if not attached' },
  tty: { kind: 'boolean', short: 't', help: 'Allocate a pseudo-TTY' },
  rm: { kind: 'boolean', help: 'Automatically remove the container and its anonymous volumes when it exits' },
  network: { kind: 'string', help: 'Connect the container to a network: bridge, host or none', default: 'bridge' },
  net: { kind: 'string', help: 'Connect the container to a network', hidden: true },
  hostname: { kind: 'string', short: 'h', help: 'Container host name' },
  dns: { kind: 'list', help: 'Set custom DNS servers' },
  'dns-search': { kind: 'list', help: 'Set custom DNS search domains' },
  'dns-option': { kind: 'list', help: 'Set DNS options' },
  'dns-opt': { kind: 'list', help: 'Set DNS options', hidden: true },
  'add-host': { kind: 'list', help: 'Add a custom host-to-IP mapping (format: "host:ip")' },
  'cap-add': { kind: 'list', help: 'Add Linux capabilities' },
  'cap-drop': { kind: 'list', help: 'Drop Linux capabilities' },
  privileged: { kind: 'boolean', help: 'Give extended privileges to this container' },
  'security-opt': { kind: 'list', help: 'Security options: seccomp=unconfined, no-new-privileges' },
  device: { kind: 'list', help: 'Add a host device to the container (format: "/dev/fuse[:/dev/other][:rwm]")' },
  'group-add': { kind: 'list', help: 'Add additional groups to join' },
  ulimit: { kind: 'list', value: 'ulimit', help: 'Ulimit options (format: "nofile=1024:4096")' },
  sysctl: { kind: 'list', value: 'map', help: 'Sysctl options (format: "net.ipv4.ip_forward=1")' },
  'shm-size': { kind: 'string', value: 'bytes', help: 'Size of /dev/shm' },
  ipc: { kind: 'string', help: 'IPC mode to use: private, shareable, none or host' },
  pid: { kind: 'string', help: 'PID namespace to use: host' },
  uts: { kind: 'string', help: 'UTS namespace to use: host' },
  userns: { kind: 'string', help: 'User namespace to use: host', hidden: true },
  'cgroup-parent': { kind: 'string', help: 'Optional parent cgroup for the container' },
  'read-only': { kind: 'boolean', help: "Mount the container's root filesystem as read only" },
  label: { kind: 'list', short: 'l', help: 'Set meta data on a container' },
  'stop-signal': { kind: 'string', help: 'Signal to stop the container' },
  'stop-timeout': { kind: 'number', help: 'Timeout (in seconds) to stop a container' },
  init: { kind: 'boolean', help: 'Run an init inside the container that forwards signals and reaps processes' },
  memory: { kind: 'string', short: 'm', value: 'bytes', help: 'Memory limit' },
  'memory-swap': {
    kind: 'string',
    value: 'bytes',
    help: 'Swap limit equal to memory plus swap: "-1" to enable unlimited swap',
  },
  'memory-reservation': { kind: 'string', value: 'bytes', help: 'Memory soft limit' },
  cpus: { kind: 'string', value: 'decimal', help: 'Number of CPUs' },
  'cpu-shares': { kind: 'number', short: 'c', help: 'CPU shares (relative weight)' },
  'cpu-quota': { kind: 'number', help: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  'cpu-period': { kind: 'number', help: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  'cpuset-cpus': { kind: 'string', help: 'CPUs in which to allow execution (0-3, 0,1)' },
  'cpuset-mems': { kind: 'string', help: 'MEMs in which to allow execution (0-3, 0,1)' },
  'oom-score-adj': { kind: 'number', help: "Tune host's OOM preferences (-1000 to 1000)" },
  'pids-limit': { kind: 'number', help: 'Tune container pids limit (set -1 for unlimited)' },
  platform: { kind: 'string', help: 'Platform that the image must be for' },
  pull: { kind: 'string', help: 'Pull image before running: always, missing or never', default: 'missing' },
  quiet: { kind: 'boolean', short: 'q', help: 'Suppress the pull output' },
  'no-healthcheck': { kind: 'boolean', help: 'Disable any container-specified HEALTHCHECK', hidden: true },
  cidfile: { kind: 'string', value: 'file', help: 'Write the container ID to the file' },
} as const satisfies Options

const healthChecks = 'Strake makes no health checks: ask the container with strake exec.'
const alone =
  'There are the networks bridge, host and none: a container on the bridge is found by its address, or by a port of the host.'

/** What to do instead of docker's options that are not among them. */
export const insteadOfDockers = {
  restart: 'Nothing of Strake runs in the background to do it: let a unit of systemd run the container, with Restart=.',
  gpus: 'Name them as the vendor describes them (CDI): --device nvidia.com/gpu=all',
  link: alone,
  'network-alias': alone,
  ip: alone,
  domainname: 'Give the whole name: --hostname web.example.com',
  'label-file': 'Give each label: --label name=value',
  'volumes-from': 'Name the volumes: --volume name:/path',
  runtime: 'The variable STRAKE_RUNTIME names it: runc, crun or a path.',
  'log-driver': 'Output is kept in files: read it with strake logs.',
  'log-opt': 'Output is kept in files: read it with strake logs.',
  'health-cmd': healthChecks,
  'health-interval': healthChecks,
  'health-retries': healthChecks,
  'health-timeout': healthChecks,
}

/** What the command line asks of a new container. Throws `invalid`. */
export function askedFor({
  options,
  args,
  terminal,
}: Pick<Call<typeof createOptions>, 'options' | 'args' | 'terminal'>): CreateContainerOptions {
  const [image = '', ...command] = args
  const { entrypoint, memory, cpus, platform, pull } = options
  const { 'memory-swap': swap, 'memory-reservation': reservation } = options
  if (pull !== undefined && pull !== 'always' && pull !== 'missing' && pull !== 'never') {
    throw new StrakeError('invalid', `invalid pull option: '${pull}': must be one of "always", "missing" or "never"`)
  }
  if (cpus !== undefined && !/^(\d+\.?\d*|\.\d+)$/.test(cpus)) {
    throw new StrakeError('invalid', `invalid value for --cpus: ${JSON.stringify(cpus)}`, { hint: 'Write it as 1.5' })
  }
  return {
    image,
    command,
    entrypoint: entrypoint === undefined ? undefined : entrypoint === '' ? [] : [entrypoint],
    name: options.name,
    env: containerVariables(options, terminal.env),
    workdir: options.workdir,
    user: options.user,
    hostname: options.hostname,
    tty: options.tty,
    interactive: options.interactive,
    autoRemove: options.rm,
    publish: options.publish,
    publishAll: options['publish-all'],
    volumes: options.volume,
    mounts: options.mount,
    tmpfs: options.tmpfs,
    network: options.network ?? options.net,
    addHosts: options['add-host'],
    capAdd: options['cap-add'],
    capDrop: options['cap-drop'],
    privileged: options.privileged,
    securityOptions: options['security-opt'],
    devices: options.device,
    groupAdd: options['group-add'],
    ulimits: ulimitsOf(options.ulimit),
    sysctls: options.sysctl,
    shmSize: options['shm-size'] === undefined ? undefined : byteSize(options['shm-size'], '--shm-size'),
    ipc: options.ipc,
    pid: options.pid,
    uts: options.uts,
    userns: options.userns,
    cgroupParent: options['cgroup-parent'],
    dns: options.dns,
    dnsSearch: options['dns-search'],
    dnsOptions: [...options['dns-option'], ...options['dns-opt']],
    readonlyRootfs: options['read-only'],
    labels: pairs(options.label),
    stopSignal: options['stop-signal'],
    stopTimeout: options['stop-timeout'],
    init: options.init,
    expose: options.expose,
    memory: memory === undefined ? undefined : byteSize(memory, '-m, --memory'),
    memorySwap: swap === undefined ? undefined : swap === '-1' ? -1 : byteSize(swap, '--memory-swap'),
    memoryReservation: reservation === undefined ? undefined : byteSize(reservation, '--memory-reservation'),
    cpuShares: options['cpu-shares'],
    cpuQuota: options['cpu-quota'],
    cpuPeriod: options['cpu-period'],
    cpusetCpus: options['cpuset-cpus'],
    cpusetMems: options['cpuset-mems'],
    oomScoreAdj: options['oom-score-adj'],
    cpus: cpus === undefined ? undefined : Number(cpus),
    pidsLimit: options['pids-limit'],
    platform: platform === undefined ? undefined : parsePlatform(platform),
    pull,
  }
}
