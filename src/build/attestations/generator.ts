import { bytesOf, StrakeError, textOf } from '../../lib/mod.ts'
import { formatPlatform, hostPlatform, type Platform } from '../../oci/mod.ts'
import { parseDocument } from '../../registry/mod.ts'
import { readInRoot } from '../../runtime/mod.ts'
import { openTree, resolveInTree } from '../context/tree.ts'
import type { Execution } from '../execution.ts'
import type { Sources } from '../frontend/sources.ts'
import { envOf } from '../frontend/stage.ts'
import type { OperationVertex } from '../graph.ts'
import { runOperation } from '../operations/run.ts'
import type { StepMount } from '../operations/step-mounts.ts'
import { workdirOperation } from '../operations/workdir.ts'
import type { Solver } from '../solver.ts'
import type { NamedPredicate } from './sbom.ts'
import { resultName, type ScanTarget } from './scan-targets.ts'

const destination = '/run/out'
const extras = '/run/src/extras'
/** A statement that is longer is none. */
const largest = 256 << 20

/**
 * Runs a scanner by BuildKit's protocol (docs/attestations/sbom-protocol.md there): it sees the root file systems
 * read-only, and writes statements of in-toto. A step like others: cached for the same image and the same files.
 */
export async function runGenerator(
  execution: Execution,
  solver: Solver,
  {
    id,
    generator,
    parameters,
    sources,
    platform,
    targets,
  }: {
    /** Unique in the build. */
    readonly id: string
    readonly generator: string
    /** Further keys of --sbom, which the scanner gets as BUILDKIT_SCAN_KEY. */
    readonly parameters: Readonly<Record<string, string>>
    readonly sources: Sources
    /** Of what is scanned; the scanner is one for this machine. */
    readonly platform: Platform
    readonly targets: readonly ScanTarget[]
  },
): Promise<NamedPredicate[]> {
  const base = await sources.base(generator, undefined, hostPlatform)
  if (base.kind !== 'image') throw new StrakeError('invalid', `SBOM generator ${generator} is no image`)
  const { Entrypoint, Cmd, Env, WorkingDir, User } = base.config.config ?? {}
  const args = [...(Entrypoint ?? []), ...(Cmd ?? [])]
  if (args.length === 0) throw new StrakeError('invalid', `scanner ${generator} does not have cmd`)
  const name = `[${formatPlatform(platform)}] generating sbom using ${generator}`
  const image = base.vertex(`${id}-image`, `[internal] the SBOM generator ${generator}`)
  const folder: OperationVertex = {
    kind: 'operation',
    id: `${id}-folder`,
    name: `[internal] a folder for what ${generator} says`,
    step: undefined,
    operation: workdirOperation(destination, { user: User ?? '', created: undefined, epoch: undefined }),
    inputs: [image],
  }
  const [core, ...others] = targets
  const range = { file: '', start: { line: 0, column: 0 }, end: { line: 0, column: 0 } }
  const mounts = targets.map(
    (target, i): StepMount => ({
      kind: 'bind',
      target: target === core ? `/run/src/core/${target.name}` : `${extras}/${target.name}`,
      from: { input: i + 1, path: '/', content: 'chain' },
      readonly: true,
      range,
    }),
  )
  const own = {
    ...Object.fromEntries(Object.entries(parameters).map(([key, value]) => [`BUILDKIT_SCAN_${key}`, value])),
    BUILDKIT_SCAN_SOURCE: `/run/src/core/${core!.name}`,
    BUILDKIT_SCAN_DESTINATION: `${destination}/`,
    ...(others.length > 0 && { BUILDKIT_SCAN_SOURCE_EXTRAS: extras }),
  }
  const env = [...envOf({ Env: Env ?? [] }), ...Object.entries(own)].map(([key, value]) => `${key}=${value}`)
  const operation = runOperation({
    args,
    env,
    argNames: new Set(),
    hiddenEnv: [],
    cwd: WorkingDir || '/',
    user: User ?? '',
    hostname: 'buildkitsandbox',
    network: 'default',
    epoch: undefined,
    addHosts: [],
    scripts: {},
    mounts,
    security: 'sandbox',
    devices: [],
    ulimits: [],
    cgroupParent: undefined,
    original: name,
    command: args.join(' '),
    range: undefined,
    vertex: id,
  })
  const inputs = [folder, ...targets.map(({ top }) => top)] as const
  const { snapshot } = await solver.solve({ kind: 'operation', id, name, step: undefined, operation, inputs })
  return statementsIn(execution.store.snapshots.dir(snapshot!), generator)
}

/** The statements that are files of the scanner's layer. */
function statementsIn(layer: string, generator: string): NamedPredicate[] {
  const tree = openTree(bytesOf(layer), generator)
  const folder = resolveInTree(tree, bytesOf(destination))
  const there = tree.stat(folder)?.isDirectory() ? tree.list(folder) : []
  const names = there.filter((name) => name.endsWith('.json'))
  if (names.length === 0) {
    throw new StrakeError('failed', `SBOM generator ${generator} wrote nothing into ${destination}`, {
      hint: 'It must follow the protocol of BuildKit: one in-toto statement for each file NAME.spdx.json.',
    })
  }
  // The result's own comes first: readers take the first one for it.
  const rank = (name: string) => (name === `${resultName}.spdx.json` ? 0 : 1)
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return names.map((name) => {
    const file = textOf(name)
    const bytes = readInRoot(layer, `${destination}/${file}`, largest)
    const fail = () =>
      new StrakeError('failed', `SBOM generator ${generator} wrote ${file}, which is no in-toto statement`)
    if (!bytes) throw fail()
    const { predicateType, predicate } = parsed(bytes, fail)
    if (typeof predicateType !== 'string' || typeof predicate !== 'object' || predicate === null) throw fail()
    return { file, type: predicateType, predicate }
  })
}

function parsed(bytes: Uint8Array, fail: () => StrakeError): Readonly<Record<string, unknown>> {
  try {
    return parseDocument(bytes)
  } catch (error) {
    if (error instanceof StrakeError) throw fail()
    throw error
  }
}
