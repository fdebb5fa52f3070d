import type { Descriptor } from '../oci/mod.ts'
import type { Predicate } from './statement.ts'

export interface ProvenanceOptions {
  /** `min` leaves out build arguments, labels, names of secrets, and how the image was built step by step (`max`). */
  readonly mode?: 'min' | 'max'
  /** Of SLSA's predicate (v1). */
  readonly version?: 'v1' | 'v0.2'
  /** Who builds: a URI. */
  readonly builderId?: string
  /** Says that the same inputs give the same image. */
  readonly reproducible?: boolean
}

type DigestSet = Readonly<Record<string, string>>

/** Something that went into the image and came from elsewhere. */
export interface Material {
  readonly uri: string
  readonly digest: DigestSet
}

/** A secret or an agent that some step may ask for. */
export interface HandedOn {
  readonly id: string
  readonly optional?: true
}

/** A step, in the order in which they can be done. */
export interface Step {
  /** In the JSON form of BuildKit's pb.Op (solver/pb/ops.proto). */
  readonly op: object
  readonly digest: string
  /** Places of those that it stands on and reads. */
  readonly inputs: readonly number[]
  /** The lines of the Dockerfile that ask for it. */
  readonly lines: { readonly start: number; readonly end: number } | undefined
  /** The image's layers up to this step, where it made one of them. */
  readonly layers: readonly Descriptor[] | undefined
}

/** A build, as far as it is attested. Nothing in it may be secret. */
export interface BuildFacts {
  readonly materials: readonly Material[]
  /** Whether all that was read is among them: a folder of this machine is not. */
  readonly complete: boolean
  /** Whether steps could reach a network. */
  readonly network: boolean
  /** Where the Dockerfile is from: a repository or a URL; only its path for a folder. */
  readonly config: { readonly uri?: string; readonly digest?: DigestSet; readonly path: string }
  readonly request: {
    /** As buildx hands them to BuildKit: `build-arg:NAME`, `label:NAME`, `target`, … */
    readonly args: Readonly<Record<string, string>>
    readonly secrets: readonly HandedOn[]
    readonly ssh: readonly HandedOn[]
    /** Folders of this machine that were read. */
    readonly locals: readonly string[]
  }
  /** `linux/amd64`. */
  readonly builderPlatform: string
  readonly invocationId: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
  /** The commit of a local context: `revision`, `source`. */
  readonly vcs: Readonly<Record<string, string>>
  readonly dockerfile: { readonly name: string; readonly text: Uint8Array }
  readonly steps: readonly Step[]
}

/** SLSA's provenance, with BuildKit's build types and extensions (docs/attestations/slsa-definitions.md there). */
export function provenance(
  facts: BuildFacts,
  options: ProvenanceOptions = {},
): Predicate & { readonly predicate: object } {
  const shown = options.mode === 'min' ? withoutDetails(facts) : { ...facts, left: false }
  const predicate = options.version === 'v0.2' ? slsa02(shown, options) : slsa1(shown, options)
  return { type: `https://slsa.dev/provenance/${options.version ?? 'v1'}`, predicate }
}

/** What was asked for and what was read, without the rest: as buildx's metadata file has it. */
export function provenanceSummary(facts: Origin, { version, builderId = '' }: ProvenanceOptions = {}): object {
  return version === 'v0.2'
    ? origin02(facts, builderId)
    : { ...origin1(facts), runDetails: { builder: { id: builderId } } }
}

interface Shown extends BuildFacts {
  /** Whether some of the request was left out. */
  readonly left: boolean
}

function withoutDetails(facts: BuildFacts): Shown {
  const { args, secrets, ssh } = facts.request
  const all = Object.entries(args)
  const kept = all.filter(([name]) => !/^(?:build-arg|label):/.test(name))
  const left = kept.length < all.length || secrets.length + ssh.length > 0
  return { ...facts, left, request: { ...facts.request, args: Object.fromEntries(kept), secrets: [], ssh: [] } }
}

type Origin = Pick<BuildFacts, 'materials' | 'config' | 'request' | 'builderPlatform'>

function origin1({ config, materials, builderPlatform, request }: Origin, buildConfig?: object) {
  return {
    buildDefinition: {
      buildType: 'https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md',
      externalParameters: { configSource: config, request: requestOf(request) },
      internalParameters: { ...(buildConfig && { buildConfig }), builderPlatform },
      resolvedDependencies: materials,
    },
  }
}

function slsa1(facts: Shown, { mode, builderId = '', reproducible = false }: ProvenanceOptions): object {
  return {
    ...origin1(facts, mode === 'min' ? undefined : buildConfig(facts)),
    runDetails: {
      builder: { id: builderId },
      metadata: {
        invocationId: facts.invocationId,
        startedOn: iso(facts.startedAt),
        finishedOn: iso(facts.finishedAt),
        buildkit_metadata: buildMetadata(facts, mode),
        ...(isHermetic(facts) && { buildkit_hermetic: true }),
        buildkit_completeness: { request: !facts.left, resolvedDependencies: facts.complete },
        ...(reproducible && { buildkit_reproducible: true }),
      },
    },
  }
}

const buildkit = 'https://mobyproject.org/buildkit@v1'

function origin02({ config, materials, builderPlatform, request }: Origin, builderId: string) {
  const { path: entryPoint, ...source } = config
  return {
    builder: { id: builderId },
    buildType: buildkit,
    materials,
    invocation: {
      configSource: { ...source, entryPoint },
      parameters: requestOf(request),
      environment: { platform: builderPlatform },
    },
  }
}

function slsa02(facts: Shown, { mode, builderId = '', reproducible = false }: ProvenanceOptions): object {
  return {
    ...origin02(facts, builderId),
    ...(mode !== 'min' && { buildConfig: buildConfig(facts) }),
    metadata: {
      buildInvocationID: facts.invocationId,
      buildStartedOn: iso(facts.startedAt),
      buildFinishedOn: iso(facts.finishedAt),
      completeness: {
        parameters: !facts.left,
        environment: true,
        materials: facts.complete,
        ...(isHermetic(facts) && { [`${buildkit}#hermetic`]: true }),
      },
      reproducible,
      [`${buildkit}#metadata`]: buildMetadata(facts, mode),
    },
  }
}

function isHermetic({ complete, network }: BuildFacts): boolean {
  return complete && !network
}

function requestOf({ args, secrets, ssh, locals }: BuildFacts['request']): object {
  return {
    frontend: 'dockerfile.v0',
    ...(Object.keys(args).length > 0 && { args }),
    ...(secrets.length > 0 && { secrets }),
    ...(ssh.length > 0 && { ssh }),
    ...(locals.length > 0 && { locals: locals.map((name) => ({ name })) }),
  }
}

function buildConfig({ steps }: BuildFacts): object {
  return {
    llbDefinition: steps.map(({ op, inputs }, i) => ({
      id: `step${i}`,
      op,
      ...(inputs.length > 0 && { inputs: inputs.map((input) => `step${input}:0`) }),
    })),
    digestMapping: Object.fromEntries(steps.map(({ digest }, i) => [digest, `step${i}`])),
  }
}

function buildMetadata({ steps, vcs, dockerfile }: BuildFacts, mode: ProvenanceOptions['mode']): object {
  const known = Object.keys(vcs).length > 0 && { vcs }
  if (mode === 'min') return { ...known }
  const locations = steps.map(({ lines }, i) => {
    const ranges = lines && [{ start: { line: lines.start }, end: { line: lines.end } }]
    return [`step${i}`, ranges ? { locations: [{ ranges }] } : {}]
  })
  const data = Buffer.from(dockerfile.text).toString('base64')
  const layers = steps.flatMap(({ layers }, i) => (layers ? [[`step${i}:0`, [layers]]] : []))
  return {
    ...known,
    source: {
      locations: Object.fromEntries(locations),
      infos: [{ filename: dockerfile.name, language: 'Dockerfile', data }],
    },
    ...(layers.length > 0 && { layers: Object.fromEntries(layers) }),
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}
