import { posix } from 'node:path'
import { type ChainId, type Digest, digestOf, type Platform } from '../../oci/mod.ts'
import type { BuildKitMounts } from './buildkit-mounts.ts'

/**
 * A step as BuildKit's solver knows it, so that its caches can be read and written. Digests are made of BuildKit's
 * definition of the step as Go prints it in JSON (solver/llbsolver/ops/exec.go, file.go: CacheMap), so that the same step
 * there has the same digest. A step that we would define otherwise in any point has no such form.
 */
export interface BuildKitStep {
  /** Digests of the operation, any of which may be it: BuildKit's versions differ. The first is the newest one's. */
  digests(onNothing: boolean): readonly Digest[]
  /** Its inputs, in BuildKit's order; the root file system that it changes comes first. */
  readonly inputs: readonly BuildKitInput[]
  /** Of a step that only brings files of a context to another one: what they are. It is no step there. */
  readonly files?: () => Digest | undefined
}

export type BuildKitInput =
  /** An input of ours, by its place, and what part of it is read. */
  | { readonly kind: 'vertex'; readonly at: number; readonly selector: string }
  /** Files of a context, known by their content. */
  | { readonly kind: 'files'; readonly key: () => Digest | undefined }
  /** A step on nothing that is none of ours. */
  | { readonly kind: 'made'; readonly digest: Digest; readonly selector: string }

/** The record of an image by its layers (solver/llbsolver/ops/source.go, source/containerimage/pull.go). */
export function sourceKey(layers: ChainId): Digest {
  return outputKey(digestOf(`buildkit.source.v0:${layers}`), 0)
}

/** The record of an image by its manifest, or its index. */
export function manifestKey(manifest: Digest, platform: Platform): Digest {
  const { os, architecture, variant } = normal(platform)
  const key = digestOf(goJson({ Digest: manifest, OS: os, Arch: architecture, Variant: variant }))
  return outputKey(digestOf(`buildkit.source.v0:${key}`), 0)
}

/** What every machine of the kind has is no variant. */
function normal({ os, architecture, variant }: Platform): Platform {
  return { os, architecture, ...(variant && !(architecture === 'arm64' && variant === 'v8') && { variant }) }
}

/** The record of content (solver/edge.go, slow cache), from the digests of its parts. */
export function contentKey(digests: readonly Digest[]): Digest {
  return outputKey(digestOf(digests.join('\0')), -1)
}

/** solver/cachemanager.go, rootKey */
function outputKey(digest: Digest, output: number): Digest {
  return digestOf(`${digest}@${output}`)
}

export interface ExecOptions {
  readonly args: readonly string[]
  /** `KEY=value`, in the order in which they were set. */
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: string
  readonly network: 'default' | 'host' | 'none'
  readonly platform: Platform
  readonly mounts?: BuildKitMounts
}

/** RUN, without its less usual options. */
export function execStep(options: ExecOptions): BuildKitStep {
  const { args, cwd, user, network, platform, mounts = noMounts } = options
  const { os, architecture, variant } = normal(platform)
  const modes = { default: undefined, host: 1, none: 2 }
  const digestFor = (removeMountStubsRecursive: true | undefined) =>
    jsonKey({
      Type: 'buildkit.exec.v0',
      Exec: {
        meta: {
          args,
          env: [...options.env, ...mounts.env],
          cwd,
          user: user || undefined,
          removeMountStubsRecursive,
        },
        // Left out where the root is the only one, as old versions did it.
        mounts: mounts.documents.length ? [{ dest: '/' }, ...mounts.documents] : undefined,
        network: modes[network],
        secretenv: mounts.secretEnv.length ? mounts.secretEnv : undefined,
      },
      OS: os,
      Arch: architecture,
      Variant: variant,
    })
  return {
    digests: (onNothing) => (onNothing ? [] : [digestFor(true), digestFor(undefined)]),
    inputs: [{ kind: 'vertex', at: 0, selector: digestOf('/') }, ...mounts.inputs],
  }
}

const noMounts: BuildKitMounts = { documents: [], inputs: [], env: [], secretEnv: [] }

/** WORKDIR. `owner` is `user`, `user:group`, or '' for root. */
export function mkdirStep(path: string, owner: string): BuildKitStep {
  const action = { path, mode: 0o755, makeParents: true, owner: ownerOf(owner), timestamp: -1 }
  return {
    digests(onNothing) {
      if (!isClear(owner, !onNothing)) return []
      return [fileKey([action], onNothing ? [[-1, -1, 0]] : [[0, -1, 0]])]
    },
    inputs: [root],
  }
}

/** The layer of one step on top of another root file system: `--link`. */
export function mergeStep(): BuildKitStep {
  const digest = jsonKey({ Type: 'buildkit.merge.v0', Merge: { inputs: [{}, { input: 1 }] } })
  return {
    digests: (onNothing) => (onNothing ? [] : [digest]),
    inputs: [root, { kind: 'vertex', at: 1, selector: '' }],
  }
}

const root: BuildKitInput = { kind: 'vertex', at: 0, selector: '' }

export interface CopyForm {
  /** Absolute; a closing slash means a directory. */
  readonly destination: string
  readonly chown?: string | undefined
  /** Octal. */
  readonly chmod?: string | undefined
  /** As ADD does with archives. */
  readonly unpack?: boolean
}

/** COPY, from a context whose files have the digest `files`, or from another root file system. */
export function copyStep(
  sources: readonly string[],
  { destination, chown = '', chmod, unpack }: CopyForm,
  files?: () => Digest | undefined,
): BuildKitStep {
  const paths = sources.map((source) => posix.join('/', source).replace(/(.)\/$/, '$1'))
  const actions = paths.map((path) => ({
    src: posix.basename(path) || '/',
    dest: destination,
    owner: ownerOf(chown),
    mode: chmod === undefined ? -1 : Number.parseInt(chmod, 8),
    followSymlink: true,
    dirCopyContents: true,
    attemptUnpackDockerCompatibility: unpack || undefined,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    timestamp: -1,
  }))
  /** Each action stands on the one before; the root file system below comes first, if there is one. */
  const indexes = (onNothing: boolean) => {
    const inputs = onNothing ? 1 : 2
    const first = onNothing ? -1 : 0
    return actions.map((_, i) => [i ? inputs + i - 1 : first, inputs - 1, i === actions.length - 1 ? 0 : -1])
  }
  return {
    digests(onNothing) {
      // Names are looked up in what each action stands on.
      if (!isClear(chown, !onNothing && actions.length === 1)) return []
      return [fileKey(actions, indexes(onNothing))]
    },
    inputs: [
      root,
      files
        ? { kind: 'files', key: files }
        : { kind: 'vertex', at: 1, selector: digestOf([...paths].sort().reverse().join('\0')) },
    ],
  }
}

/** COPY of one here-document, which BuildKit makes a file of first. */
export function copyTextStep(
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  { destination, chown = '', chmod }: CopyForm,
): BuildKitStep {
  const path = `/${name}`
  const file = { path, mode: 0o644, data: Buffer.from(bytes).toString('base64'), timestamp: -1 }
  const copy = {
    src: name,
    dest: destination,
    owner: ownerOf(chown),
    mode: chmod === undefined ? -1 : Number.parseInt(chmod, 8),
    createDestPath: true,
    timestamp: -1,
  }
  return {
    digests(onNothing) {
      if (!isClear(chown, !onNothing)) return []
      return [fileKey([copy], [onNothing ? [-1, 0, 0] : [0, 1, 0]])]
    },
    inputs: [root, { kind: 'made', digest: fileKey([file], [[-1, -1, 0]]), selector: digestOf(path) }],
  }
}

/** Names are looked up in the root file system below. */
function ownerOf(text: string): object | undefined {
  if (text === '') return undefined
  const [user, group] = text.split(/:(.*)/s).map((part) => {
    if (!isNumber(part)) return { User: { byName: { name: part } } }
    return { User: { byId: Number(part) || undefined } }
  })
  return { user, group: text.includes(':') ? group : undefined }
}

/** Whether it is known how BuildKit reads an owner. */
function isClear(owner: string, names: boolean): boolean {
  if (owner === '') return true
  const parts = owner.split(':')
  return parts.length <= 2 && parts.every((part) => isNumber(part) || (names && /^[A-Za-z_]/.test(part)))
}

function isNumber(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}

function fileKey(actions: readonly object[], indexes: readonly (readonly number[])[]): Digest {
  const encoded = actions.map((action) => Buffer.from(goJson(action)).toString('base64'))
  // Older versions had none, so that the usual ones are left out.
  const usual = indexes.every(
    ([input, secondary, output], i) =>
      input === (i ? indexes.length + i - 1 : 0) &&
      (secondary === -1 || secondary === 1) &&
      output === (i === indexes.length - 1 ? 0 : -1),
  )
  return jsonKey({ Type: 'buildkit.file.v0', Actions: encoded, ...(!usual && { indexes }) })
}

function jsonKey(value: object): Digest {
  return outputKey(digestOf(goJson(value)), 0)
}

/** As Go's encoding/json prints it: fit to stand in HTML. */
function goJson(value: object): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
