import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunDevice } from '../../dockerfile/mod.ts'
import { headSize, hint } from '../../hints/mod.ts'
import { clampTimes } from '../../layers/mod.ts'
import { outputTail, type SourceRange, StrakeError } from '../../lib/mod.ts'
import { hostResolvConf, hostsFile } from '../../network/mod.ts'
import type { Platform } from '../../oci/mod.ts'
import {
  execute,
  findDevices,
  type Mount,
  mountStubs,
  readHeadInRoot,
  resolveUser,
  type StepOptions,
  type Ulimit,
} from '../../runtime/mod.ts'
import { keyOf } from '../cache.ts'
import { type Execution, writableRoot } from '../execution.ts'
import type { Operation } from '../graph.ts'
import { type Facts, factOf, opaqueFact } from '../records/account.ts'
import { type BuildKitStep, execStep } from '../transfer/buildkit-keys.ts'
import { buildkitMounts } from '../transfer/buildkit-mounts.ts'
import { runDefinition } from './definition.ts'
import { failedShell } from './failed-shell.ts'
import { mountContents, mountInputs, mountKey, type ReadyMounts, readyMounts, type StepMount } from './step-mounts.ts'
import { wholeLines } from './whole-lines.ts'

export interface RunOptions {
  /** The process: the shell with its line, or the words of the exec form. */
  readonly args: readonly string[]
  /** `KEY=value`: ARGs and ENV of the stage. */
  readonly env: readonly string[]
  /** Those of them that ARG gives. */
  readonly argNames: ReadonlySet<string>
  /** `KEY=value` that the process gets but that no cache key depends on: predefined proxy arguments. */
  readonly hiddenEnv: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly hostname: string
  readonly network: 'default' | 'host' | 'none'
  /** For a reproducible layer: no time in it is later. Nanoseconds since the epoch. */
  readonly epoch: bigint | undefined
  /** `name:address`. */
  readonly addHosts: readonly string[]
  /** Bytes of scripts by the path at which they are mounted. */
  readonly scripts: Readonly<Record<string, Uint8Array>>
  readonly mounts: readonly StepMount[]
  readonly security: 'sandbox' | 'insecure'
  readonly devices: readonly RunDevice[]
  readonly ulimits: readonly Ulimit[]
  readonly cgroupParent: string | undefined
  /** The instruction as it is written. */
  readonly original: string
  /** What the person wrote, for messages. */
  readonly command: string
  readonly range: SourceRange | undefined
  readonly vertex: string
  /** Where it is known. */
  readonly platform?: Platform
}

export function runOperation(options: RunOptions): Operation {
  const {
    args,
    env,
    cwd,
    user,
    hostname,
    epoch,
    network,
    addHosts,
    scripts,
    mounts,
    security,
    devices,
    ulimits,
    cgroupParent,
    original,
    vertex,
  } = options
  const scriptKeys = Object.entries(scripts).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')])
  return {
    digest: keyOf(
      'run',
      JSON.stringify([args, env, cwd, user, hostname, network, addHosts, scriptKeys]),
      ...(epoch === undefined ? [] : [`${epoch}`]),
      ...mounts.map((mount) => JSON.stringify(mountKey(mount))),
      ...(security === 'insecure' ? ['insecure'] : []),
      ...devices.map(({ name, required }) => JSON.stringify({ device: name, required })),
      ...ulimits.map((ulimit) => JSON.stringify({ ulimit })),
      ...(cgroupParent ? [JSON.stringify({ cgroupParent })] : []),
    ),
    buildkit: buildkitOf(options),
    facts: runFacts(options),
    definition: runDefinition(options),
    retry: true,
    ...(mountInputs(mounts).length > 0 && {
      contents: (execution, results) => mountContents(execution, results, mounts),
    }),
    async execute(execution, layer, results) {
      using ready = await readyMounts(mounts, { execution, results, description: original, vertex })
      using root = writableRoot(execution, layer, results[0]!.snapshot)
      const failure = await run(execution, { rootfs: root.path, upper: layer.dir, ready }, options)
      if (failure) throw failure
      if (epoch !== undefined) clampTimes(layer.dir, epoch)
      return {}
    },
  }
}

/** The step in BuildKit's words, where it has no options that would need more of them. */
function buildkitOf(options: RunOptions): BuildKitStep | undefined {
  const { hostname, epoch, addHosts, scripts, mounts, security, devices, ulimits, cgroupParent, platform } = options
  const own = Object.keys(scripts).length + devices.length + addHosts.length + ulimits.length + (cgroupParent ? 1 : 0)
  const plain = own === 0 && epoch === undefined && security === 'sandbox' && hostname === 'buildkitsandbox'
  if (!plain || !platform) return undefined
  const known = buildkitMounts(mounts, options.env)
  return known && execStep({ ...options, platform, mounts: known })
}

/** What the operation's digest is made of, for people. */
function runFacts(options: RunOptions): Facts {
  const { args, env, argNames, cwd, user, hostname, epoch, network, addHosts, scripts, mounts, security, devices } =
    options
  const { ulimits, cgroupParent } = options
  const isShm = (mount: StepMount) => mount.kind === 'tmpfs' && mount.target === '/dev/shm'
  const [shm] = mounts.filter(isShm)
  const others = mounts.filter((mount) => !isShm(mount))
  const variables = env.map((pair) => {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    return [`${argNames.has(name) ? 'ARG' : 'ENV'} ${name}`, factOf(pair.slice(equals + 1))] as const
  })
  return {
    command: factOf(args.join(' ')),
    ...Object.fromEntries(variables),
    'working directory': cwd,
    user,
    'host name': hostname,
    ...(epoch !== undefined && { SOURCE_DATE_EPOCH: `${epoch / 1_000_000_000n}` }),
    '--network': network,
    ...(addHosts.length && { '--add-host': addHosts.join(' ') }),
    ...(others.length && { '--mount': opaqueFact(JSON.stringify(others.map(mountKey))) }),
    ...(shm && { '--shm-size': opaqueFact(JSON.stringify(mountKey(shm))) }),
    ...(security === 'insecure' && { '--security': security }),
    ...(devices.length && { '--device': devices.map(({ name }) => name).join(' ') }),
    ...(ulimits.length && { '--ulimit': ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`).join(' ') }),
    ...(cgroupParent && { '--cgroup-parent': cgroupParent }),
    ...Object.fromEntries(Object.keys(scripts).map((path) => ['the here-document', opaqueFact(scripts[path]!)])),
  }
}

/** Runs the process in the root; the error where it fails. */
async function run(
  execution: Execution,
  { rootfs, upper, ready }: { rootfs: string; upper: string; ready: ReadyMounts },
  options: RunOptions,
): Promise<StrakeError | undefined> {
  const { signal, secrets } = execution
  const trust = execution.trust()
  // Steps see the same ones, read-only: files that are not made need not be removed.
  const file = (content: string | Uint8Array, mode = 0o644) => {
    const path = join(execution.scratch, `${createHash('sha256').update(content).digest('hex')}-${mode.toString(8)}`)
    if (!existsSync(path)) writeFileSync(path, content, { mode })
    return path
  }
  const mounts: Mount[] = [
    bind(file(hostResolvConf()), '/etc/resolv.conf'),
    bind(file(hostsFile({ hostname: options.hostname, extraHosts: options.addHosts })), '/etc/hosts'),
    ...trust.mounts,
    ...Object.entries(options.scripts).map(([path, bytes]) => bind(file(bytes, 0o755), path)),
    ...ready.mounts,
  ]
  const user = resolveUser(rootfs, options.user)
  const env = withDefaults([...options.env], [...options.hiddenEnv, ...ready.env, ...trust.env, `HOME=${user.home}`])
  const output = createOutput(execution, options.vertex)
  using namespace = options.network === 'default' ? await execution.namespaces.acquire() : undefined
  using _ = mountStubs({ rootfs, upper }, mounts, ready.mounts)
  const spec: StepOptions = {
    args: options.args,
    env,
    cwd: options.cwd,
    user: options.user,
    rootfs,
    hostname: options.hostname,
    mounts,
    network: networkOf(options.network, namespace?.path),
    privileged: options.security === 'insecure',
    secretEnv: ready.secretEnv,
    edits: findDevices(options.devices),
    ulimits: options.ulimits,
    cgroupParent: options.cgroupParent,
  }
  const { command, vertex } = options
  const tell = (error: StrakeError) =>
    execution.onFailure?.({
      vertex,
      command,
      error,
      shell: () => failedShell(spec, { upper, files: join(execution.scratch, vertex), signal }),
    })
  const { exitCode } = await execute(spec, { signal, onOutput: output.add })
    .catch(async (error) => {
      // The runtime may quote a variable that it can't take.
      if (!(error instanceof StrakeError) || error.code !== 'failed') throw error
      const { code, message, exitCode, cause } = error
      const redacted = new StrakeError(code, secrets.redact(message), { exitCode, cause })
      await tell(redacted)
      throw redacted
    })
    .finally(output.end)
  if (exitCode === 0) return undefined
  const known = hint({
    command: options.command,
    exitCode,
    output: output.tail(),
    readHead: (path) => readHeadInRoot(rootfs, path, headSize),
  })
  const words = options.args.join(' ')
  const error = new StrakeError('failed', `process "${words}" did not complete successfully: exit code: ${exitCode}`, {
    exitCode,
    range: options.range,
    hint: known && `${known.cause}\n${known.fix}`,
  })
  await tell(error)
  return error
}

function bind(source: string, target: string): Mount {
  return { source, target, kind: 'bind', readonly: true }
}

function networkOf(network: RunOptions['network'], path: string | undefined) {
  if (network === 'host') return 'host'
  return path ? { path } : 'new'
}

/** What the Dockerfile sets wins over what is added. */
function withDefaults(env: readonly string[], defaults: readonly string[]): string[] {
  const nameOf = (pair: string) => pair.slice(0, pair.indexOf('='))
  const set = new Set(env.map(nameOf))
  return [...env, ...defaults.filter((pair) => !set.has(nameOf(pair)))]
}

/** What a step says, on its way to people: whole lines, without secrets. Its end is kept for hints. */
function createOutput({ progress, secrets }: Execution, vertex: string) {
  const redactors = { stdout: secrets.redactor?.(), stderr: secrets.redactor?.() }
  const tail = outputTail()
  const lines = wholeLines((stream, data) => progress({ kind: 'log', vertex, stream, data }))
  const show = (stream: 'stdout' | 'stderr', data: Uint8Array) => {
    if (data.length === 0) return
    tail.add(stream, data)
    lines.add(stream, data)
  }
  return {
    add: (stream: 'stdout' | 'stderr', data: Uint8Array) => show(stream, redactors[stream]?.write(data) ?? data),
    end() {
      for (const stream of ['stdout', 'stderr'] as const) show(stream, redactors[stream]?.end() ?? Buffer.alloc(0))
      lines.end()
    },
    tail: tail.text,
  }
}
