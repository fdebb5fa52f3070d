import type { ProvenanceOptions } from '../attest/mod.ts'
import type { OperationOptions } from '../lib/mod.ts'
import type { ContainerConfig, Digest, Platform } from '../oci/mod.ts'
import type { Ulimit } from '../runtime/mod.ts'
import type { FailedStep } from './execution.ts'
import type { ExportedImage } from './outputs/finished.ts'
import type { BuildOutput } from './outputs/types.ts'
import type { BuildRecord } from './records/types.ts'
import type { CacheSource, CacheTarget } from './transfer/types.ts'

/** Where a build finds its files. */
export type BuildContext =
  | { readonly kind: 'directory'; readonly path: string }
  /** A tar, of any compression, as `build -` reads it from standard input. */
  | { readonly kind: 'tar'; readonly stream: AsyncIterable<Uint8Array> }
  | { readonly kind: 'git'; readonly url: string }
  /** A tar or a Dockerfile behind a URL. */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'empty' }

/** Options of everything that solves a graph. */
export interface SolveOptions extends OperationOptions {
  readonly noCache?: boolean
  /** Names of stages of which every step is done anew. */
  readonly noCacheFilter?: readonly string[]
  /**
   * Fails where a step is not in the cache: any (`true`), or those that are named by number, stage or the beginning of the
   * instruction. Steps that only change the configuration do not count.
   */
  readonly requireCache?: true | readonly string[]
  /** The caches of other builds, in which steps are looked for that are not in the store's. What can't be read is a warning. */
  readonly cacheFrom?: readonly CacheSource[]
  /** Where the cache of this build goes: all that it finished, also if it fails. */
  readonly cacheTo?: readonly CacheTarget[]
  /** How many steps run side by side at most. */
  readonly maxParallelism?: number
  /** How often a RUN step that fails is tried again, each time in a new layer. */
  readonly retries?: number
  /** The host's CA bundle in RUN steps: found by itself, not at all, or this file. */
  readonly ca?: 'auto' | 'none' | { readonly file: string }
  /** What `RUN --mount=type=secret` gives to steps, by id. It is in no layer, history, cache key or output. */
  readonly secrets?: Readonly<Record<string, BuildSecret>>
  /**
   * The SSH agents of `RUN --mount=type=ssh`, by id (`default`): the path of an agent's socket or of private keys; an empty list
   * for the agent that SSH_AUTH_SOCK names.
   */
  readonly ssh?: Readonly<Record<string, readonly string[]>>
  /** Is told of a RUN step that failed (for the last time), while its root file system and mounts still stand. */
  readonly onFailure?: (failed: FailedStep) => Promise<void>
  /** Is told the record of the build when it has ended, however it ended. */
  readonly onRecord?: (record: BuildRecord) => void
}

export interface BuildOptions extends SolveOptions {
  readonly context: BuildContext
  /** Path of the Dockerfile: in the context if relative to a git, tar or URL context; else on this machine. */
  readonly file?: string
  /** The Dockerfile itself, instead of `file` (`-f -`). */
  readonly dockerfile?: string | Uint8Array
  /** Names for the image of the last target; `TARGET=NAME` is one for that of another. */
  readonly tags?: readonly string[]
  /**
   * What becomes of the result; without any, it is an image of the store. Where none is an `image`, the store has the
   * cache alone, and no names are given. They are put out one after the other.
   */
  readonly outputs?: readonly BuildOutput[]
  /** Nothing without: the same build then gives the same image, on any day. */
  readonly attest?: AttestOptions
  /** What `BuildResult.provenance` tells: the request and the sources, or all there is to say of the build. */
  readonly resultProvenance?: 'min' | 'max'
  /** BuildKit's own are known too: SOURCE_DATE_EPOCH, BUILDKIT_SYNTAX, BUILDKIT_CONTEXT_KEEP_GIT_DIR, … */
  readonly buildArgs?: Readonly<Record<string, string>>
  /** The stage to build, or several; without one it is the last of the Dockerfile. */
  readonly target?: string | readonly string[]
  readonly pull?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly network?: 'default' | 'host' | 'none'
  /** `host:address`. */
  readonly addHosts?: readonly string[]
  /** Bytes of /dev/shm in RUN instructions; 0 is the usual 64 MB. */
  readonly shmSize?: number
  readonly ulimits?: readonly Ulimit[]
  /** The cgroup below which RUN instructions have theirs: a path below the cgroup root. */
  readonly cgroupParent?: string | undefined
  /** name → `docker-image://ref`, a folder, a URL, `oci-layout://…`, `bootstrap:debian/bookworm`. */
  readonly buildContexts?: Readonly<Record<string, string>>
  /** For which machines: this one, another, or several. What is built for several is an index of images. */
  readonly platform?: Platform | readonly Platform[]
  /**
   * The same inputs give the same image, on any machine: no time in it is later than SOURCE_DATE_EPOCH (of `buildArgs`;
   * otherwise the context's last commit, or its newest file), and files of the context have that time, and the modes that
   * git would give them. Programs that steps run may still do something else each time.
   */
  readonly reproducible?: boolean
  /**
   * What steps may ask for beyond docker's isolation: `network.host`, `security.insecure`, `device` or `device=NAME`.
   * `network: 'host'` brings the first.
   */
  readonly allow?: readonly string[]
}

/** What is attested of an image, and attached to it. */
export interface AttestOptions {
  /** How it was built (SLSA). */
  readonly provenance?: ProvenanceOptions & {
    /** Not for outputs that are files. */
    readonly inlineOnly?: boolean
    /** Of the file that such outputs get (`provenance.json`). */
    readonly filename?: string
  }
  /** Which packages are in it (SPDX). */
  readonly sbom?: {
    /** An image that finds them by BuildKit's protocol for scanners, instead of Strake itself. */
    readonly generator?: string
    /** What it gets besides, as variables BUILDKIT_SCAN_NAME. */
    readonly parameters?: Readonly<Record<string, string>>
  }
}

export interface GraphOptions extends SolveOptions {
  readonly tags?: readonly string[]
  /** What the image's configuration has besides that of its base, or instead of it. */
  readonly config?: ContainerConfig
  /** As `BuildOptions.buildContexts`: what stands in for images. */
  readonly buildContexts?: Readonly<Record<string, string>>
  /** For the history of builds, and for telling what is different from the last one of that name. */
  readonly name?: string
}

/** Where a secret is taken from: a file, a variable of this process, or here. */
export type BuildSecret =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'value'; readonly value: string | Uint8Array }

export interface BuildResult {
  /** The image; that of the last target, and for this machine (or else of the first platform) where there are several. */
  readonly id: Digest
  /** The image of each target, in the order in which they were named, for each platform. */
  readonly images: readonly { readonly target: string | undefined; readonly platform: Platform; readonly id: Digest }[]
  /** Whether they are images of the store. */
  readonly kept: boolean
  /** The last target's image, or index, as each output that is one has it, in their order. */
  readonly exported: readonly ExportedImage[]
  /** How the image `id` came to be, where it was asked for: SLSA's predicate. */
  readonly provenance?: object
  /** Steps, and how many of them were cached. */
  readonly steps: number
  readonly cached: number
}
