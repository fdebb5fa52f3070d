import { readdirSync, statfsSync, statSync } from 'node:fs'
import { availableParallelism, hostname, release, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Cgroups, cgroups, type Feature, kernelFeatures, mountOf } from '../host/mod.ts'
import { bytes, errno, version } from '../lib/mod.ts'
import { hostPlatform } from '../oci/mod.ts'
import { type FoundComponent, findComponents, installCommand, osRelease } from './components.ts'
import { defaultRoot } from './engine.ts'

/** What this machine offers to Strake. */
export interface Info {
  readonly version: string
  readonly node: string
  readonly host: {
    readonly name: string
    readonly system: string
    readonly kernel: string
    readonly architecture: string
    readonly processors: number
    /** Bytes. */
    readonly memory: number
  }
  readonly features: readonly Feature[]
  readonly cgroups: Cgroups
  readonly components: readonly FoundComponent[]
  readonly store: {
    readonly root: string
    readonly fileSystem: string
    /** Bytes that may still be written. */
    readonly free: number
  }
  readonly rootless: boolean
  /** The CA bundle that the environment names, which RUN steps get. */
  readonly ca: { readonly variable: string; readonly file: string } | undefined
  /** What keeps Strake from working, or from working well. */
  readonly problems: readonly Problem[]
  /** The distribution's packages that are missing, also those that only make things better. */
  readonly missingPackages: readonly string[]
}

export interface Problem {
  readonly what: string
  readonly fix: string
  /** False for what can be done without. */
  readonly serious: boolean
}

/** Looks at this machine. Nothing is changed and the store is not opened. */
export async function info(root: string = defaultRoot(), env: NodeJS.ProcessEnv = process.env): Promise<Info> {
  const found = {
    version,
    node: process.versions.node,
    host: {
      name: hostname(),
      system: osRelease().PRETTY_NAME ?? 'unknown',
      kernel: release(),
      architecture: hostPlatform.architecture,
      processors: availableParallelism(),
      memory: totalmem(),
    },
    features: kernelFeatures(),
    cgroups: cgroups(),
    components: await findComponents(),
    store: { root, ...placeOf(root) },
    rootless: process.getuid?.() !== 0,
    ca: caOf(env),
  }
  const missing = found.components.filter(({ path }) => path === undefined)
  const missingPackages = [...new Set(missing.flatMap((component) => component.package ?? []))]
  return { ...found, problems: problemsOf(found), missingPackages }
}

function placeOf(root: string): { fileSystem: string; free: number } {
  let place = resolve(root)
  while (!statSync(place, { throwIfNoEntry: false })) place = dirname(place)
  const { bavail, bsize } = statfsSync(place)
  return { fileSystem: mountOf(place).type, free: bavail * bsize }
}

/** The variables by which OpenSSL, Node.js, Python, curl and git are told of another CA bundle. */
const caVariables = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
]

function caOf(env: NodeJS.ProcessEnv): Info['ca'] {
  for (const variable of caVariables) {
    const file = env[variable]
    if (file && statSync(file, { throwIfNoEntry: false })?.isFile()) return { variable, file }
  }
  return undefined
}

const leastFree = 2_000_000_000

function problemsOf(found: Omit<Info, 'problems' | 'missingPackages'>): Problem[] {
  const problems: Problem[] = []
  for (const { name, available, fix = '' } of found.features) {
    // Root needs no user namespaces.
    const serious = name !== 'user namespaces' || found.rootless
    if (!available) problems.push({ what: `the kernel offers no ${name}`, fix, serious })
  }
  for (const { name, purpose, required, path, package: packageName } of found.components) {
    if (path !== undefined) continue
    const command = packageName && installCommand([packageName])
    const fix = command ?? `This distribution has no package of it; install ${name} by hand.`
    problems.push({ what: `${name} is missing (${purpose})`, fix, serious: required })
  }
  if (found.cgroups.version === 'none') {
    const fix = 'Mount them: mount -t cgroup2 cgroup2 /sys/fs/cgroup'
    problems.push({ what: 'no cgroups are mounted', fix, serious: true })
  }
  const { root, fileSystem, free } = found.store
  if (fileSystem === 'overlay') {
    const fix = 'Put it on another file system, such as a volume or a tmpfs, with STRAKE_ROOT.'
    problems.push({ what: `the store ${root} is on overlayfs, which cannot hold layers`, fix, serious: true })
  }
  if (free < leastFree) {
    const fix = 'Make room: strake system prune'
    problems.push({ what: `only ${bytes(free)} are free for the store ${root}`, fix, serious: false })
  }
  if (found.rootless) {
    const fix = 'Run it as root: sudo strake …'
    problems.push({
      what: 'building and running need root; looking at a store of your own does not',
      fix,
      serious: true,
    })
  }
  return problems
}

/** The command that installs all that is missing; undefined where nothing is, or nothing is known of the distribution. */
export function installMissing({ missingPackages }: Info): string | undefined {
  return installCommand(missingPackages)
}

/** How many containers the store holds, read without opening it. */
export function containerCount(root: string = defaultRoot()): number {
  try {
    return readdirSync(join(root, 'containers')).length
  } catch (error) {
    if (errno(error) === 'ENOENT') return 0
    throw error
  }
}
