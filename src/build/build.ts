import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { checkDockerfile, parseDockerfile } from '../dockerfile/mod.ts'
import type { Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { bridge, namespacePool } from '../network/mod.ts'
import { type ImageConfig, parseReference } from '../oci/mod.ts'
import { type HostTrust, hostTrust } from '../runtime/mod.ts'
import { removeTree, type Store } from '../store/mod.ts'
import { factsOf } from './base-facts.ts'
import { openBuildCache } from './cache.ts'
import { type OpenedContext, openContext } from './context/open.ts'
import { givenEpoch, inputsEpoch } from './epoch.ts'
import type { Execution } from './execution.ts'
import { checkFrontend, checkMultiPlatform } from './frontend/built-ins.ts'
import { type PlanOptions, plan } from './frontend/plan.ts'
import { checkAllowed } from './frontend/run-rights.ts'
import { finishConfig, type Stage } from './frontend/stage.ts'
import type { LocalSource } from './operations/copy.ts'
import { openSecrets } from './secrets.ts'
import { createSolver } from './solver.ts'
import { createSources } from './sources.ts'
import { openSshAgents } from './ssh.ts'
import type { BuildOptions, BuildResult } from './types.ts'

/** Builds an image from a Dockerfile, and names it. What was finished before a failure stays in the cache. */
export async function build(store: Store, images: Images, options: BuildOptions): Promise<BuildResult> {
  const { progress = () => {}, signal } = options
  const given = givenEpoch(options)
  const tags = (options.tags ?? []).map(parseReference)
  checkAllowed(options.allow)
  const secrets = openSecrets(options.secrets)
  using lease = store.lease('build')
  using scratch = scratchDirectory(store, lease.id)
  using ssh = await openSshAgents(options.ssh ?? {}, scratch.path)
  using namespaces = namespacePool(bridge(store))
  const cache = openBuildCache(store)
  const noCache = options.noCache ?? false
  const execution: Execution = {
    store,
    lease,
    scratch: scratch.path,
    namespaces,
    trust: createTrust(options),
    secrets,
    ssh,
    earlier: (operation) => (noCache ? [] : cache.layersOf(operation, lease)),
    progress,
    signal,
  }
  const opened = await openContext(execution, options)
  const { dockerfile: file, source } = opened
  try {
    checkFrontend(file, options.buildArgs ?? {})
    checkMultiPlatform(options.buildArgs ?? {})
    const dockerfile = parseDockerfile(file.text, file.file)
    const sources = createSources(execution, images, { context: source, options })
    const epoch = given ?? (options.reproducible ? await inputsEpoch(opened, options) : undefined)
    const stage = await plan(dockerfile, sources, atEpoch(options, epoch))
    warn(file, source, images, options)
    const solver = createSolver({ execution, cache, noCache })
    const result = await solver.solve(stage.top)
    await result.chainId()
    await solver.settled()
    const history = await finishHistory(stage, solver.solve, epoch)
    const image = images.create({ config: finishImage(stage, options, history), snapshot: result.snapshot }, lease)
    for (const tag of tags) images.tag(image, tag)
    return { id: image.id, ...solver.counts }
  } catch (error) {
    if (error instanceof StrakeError && error.range?.file === file.file) error.source ??= file.text.toString()
    throw error
  } finally {
    source.statCache?.save()
  }
}

/** Docker's build checks, as events. Throws `invalid` where the Dockerfile asks for that with `# check=error=true`. */
function warn(
  { text, file }: OpenedContext['dockerfile'],
  { tree }: LocalSource,
  images: Images,
  options: BuildOptions,
): void {
  const { buildArgs = {}, buildContexts, target = '', platform, progress = () => {} } = options
  const base = (name: string) => factsOf(images, name, buildContexts)
  const { findings, failure } = checkDockerfile(text, {
    file,
    buildArgs,
    base,
    target,
    ignore: tree.ignore?.patterns ?? [],
    ...(platform && { platform }),
  })
  const warnings = findings.filter(({ level }) => level === 'warning')
  for (const { rule, message, description, url, range } of warnings) {
    progress({ kind: 'check', rule, message, description, url, range })
  }
  if (failure === undefined) return
  throw new StrakeError('invalid', failure, {
    hint: 'The Dockerfile asks for it: # check=error=true. Put right what the warnings name, or skip a rule: # check=skip=RULE;error=true',
  })
}

/** Found and announced when the first step that runs wants it. */
function createTrust({ ca = 'auto', progress = () => {} }: BuildOptions): () => HostTrust {
  let trust: HostTrust | undefined
  return () => {
    if (trust) return trust
    trust = hostTrust(process.env, ca)
    if (trust.announcement) progress({ kind: 'notice', level: 'info', message: trust.announcement })
    for (const message of trust.warnings) progress({ kind: 'notice', level: 'warning', message })
    return trust
  }
}

function scratchDirectory(store: Store, lease: number): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(store.root, 'ingest', `${lease}-build-`))
  return { path, [Symbol.dispose]: () => removeTree(path) }
}

/** Steps see it as ARG SOURCE_DATE_EPOCH; a reproducible image has no later time in its layers. */
function atEpoch(options: BuildOptions, epoch: number | undefined): PlanOptions {
  if (epoch === undefined) return { ...options, created: undefined, epoch: undefined }
  const created = BigInt(epoch) * 1_000_000_000n
  const buildArgs = { ...options.buildArgs, SOURCE_DATE_EPOCH: `${epoch}` }
  return { ...options, buildArgs, created, epoch: options.reproducible ? created : undefined }
}

/** As Go writes it: without a fraction. */
function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

type HistoryList = NonNullable<ImageConfig['history']>

/** Times: that of its layer for a step that made one, of the layer before it for the others, as BuildKit. */
async function finishHistory(
  stage: Stage,
  solve: ReturnType<typeof createSolver>['solve'],
  epoch: number | undefined,
): Promise<HistoryList> {
  if (epoch !== undefined) {
    const created = isoTime(epoch)
    return [...stage.inherited, ...stage.history.map(({ entry }) => ({ created, ...entry }))]
  }
  let created = stage.inherited.at(-1)?.created
  const own: HistoryList[number][] = []
  for (const { entry, vertex } of stage.history) {
    if (vertex) created = new Date((await solve(vertex)).createdAt).toISOString()
    own.push({ ...(created && { created }), ...entry })
  }
  return [...stage.inherited, ...own]
}

function finishImage(stage: Stage, options: BuildOptions, history: HistoryList): Omit<ImageConfig, 'rootfs'> {
  const { author, platform } = stage
  const created = history.at(-1)?.created ?? new Date().toISOString()
  const labels = { ...stage.config.Labels, ...options.labels }
  return {
    created,
    ...(author !== undefined && { author }),
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant && { variant: platform.variant }),
    config: finishConfig({ ...stage.config, Labels: labels }),
    history,
  }
}
