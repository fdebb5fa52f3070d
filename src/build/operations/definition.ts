import { posix } from 'node:path'
import type { HandedOn } from '../../attest/mod.ts'
import type { CopyOptions } from './copy.ts'
import type { RunOptions } from './run.ts'
import type { StepMount } from './step-mounts.ts'

/** What an operation does, in the words of BuildKit's LLB (solver/pb/ops.proto, as JSON): provenance tells it so. */
export interface Definition {
  /** What it reads that is no result of another step: `local://context`, `https://…`. */
  readonly sources: readonly string[]
  /** What it may be handed, and whether it can reach a network. */
  readonly secrets?: readonly HandedOn[]
  readonly ssh?: readonly HandedOn[]
  readonly network?: boolean
  /**
   * The Op. Its inputs are those results that are something, and then its sources: `inputs` and `sources` say the place
   * of each among them; -1 is nothing.
   */
  op(inputs: readonly number[], sources: readonly number[]): object
}

interface FileAction {
  /** The place of the input that is copied from. */
  readonly from?: number | undefined
  readonly action: object
}

/** Changes of files, one after the other: each but the first works on what the one before it gave. */
function fileOp(base: number, inputs: number, actions: readonly FileAction[]): object {
  return {
    file: {
      actions: actions.map(({ from = -1, action }, i) => ({
        input: i === 0 ? base : inputs + i - 1,
        secondaryInput: from,
        output: i === actions.length - 1 ? 0 : -1,
        Action: action,
      })),
    },
  }
}

type Copied = Pick<CopyOptions, 'destination' | 'chown' | 'chmod' | 'exclude' | 'parents' | 'heredocs'>

/** A copy of paths: `from` says which source each is of; without it, they are of the second input. */
export function copyDefinition(
  paths: readonly { readonly path: string; readonly from?: number; readonly unpack?: boolean }[],
  { destination, chown, chmod, exclude = [], parents, heredocs = [] }: Copied,
  sources: readonly string[] = [],
): Definition {
  const own = { ...(chown && { owner: chown }), ...(chmod && { modeStr: chmod }), timestamp: -1 }
  const many = destination.endsWith('/') || paths.length + heredocs.length > 1
  return {
    sources,
    op(inputs, places) {
      const count = [...inputs, ...places].filter((place) => place >= 0).length
      const copies = paths.map(({ path, from, unpack }) => ({
        from: from === undefined ? inputs[1] : places[from],
        action: {
          copy: {
            src: posix.join('/', path),
            dest: destination,
            ...own,
            ...(unpack && { attemptUnpackDockerCompatibility: true }),
            ...(exclude.length > 0 && { excludePatterns: exclude }),
            ...(parents && { parents }),
            followSymlink: true,
            dirCopyContents: true,
            createDestPath: true,
            allowWildcard: true,
          },
        },
      }))
      const made = heredocs.map(({ name, bytes }) => ({
        action: {
          mkfile: {
            path: many ? posix.join(destination, Buffer.from(name, 'latin1').toString()) : destination,
            mode: 0o644,
            data: Buffer.from(bytes).toString('base64'),
            ...own,
          },
        },
      }))
      return fileOp(inputs[0]!, count, [...copies, ...made])
    },
  }
}

export function mkdirDefinition(path: string): Definition {
  const action = { mkdir: { path, mode: 0o755, makeParents: true, timestamp: -1 } }
  return { sources: [], op: ([below]) => fileOp(below!, below! < 0 ? 0 : 1, [{ action }]) }
}

export function removeDefinition(path: string): Definition {
  return { sources: [], op: ([below]) => fileOp(below!, 1, [{ action: { rm: { path, allowNotFound: true } } }]) }
}

export function mergeDefinition(): Definition {
  return {
    sources: [],
    op: (inputs) => ({ merge: { inputs: inputs.filter((input) => input >= 0).map((input) => ({ input })) } }),
  }
}

/** Without what is no part of the cache key either: proxies and what is handed on. */
export function runDefinition(options: RunOptions): Definition {
  const { args, env, cwd, user, addHosts, network, security, mounts, ulimits, cgroupParent } = options
  const extraHosts = addHosts.map((pair) => {
    const colon = pair.indexOf(':')
    return { Host: pair.slice(0, colon), IP: pair.slice(colon + 1) }
  })
  const meta = {
    ...{ args, env, cwd },
    ...(user && { user }),
    ...(extraHosts.length > 0 && { extraHosts }),
    ...(ulimits.length > 0 && {
      ulimit: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    }),
    ...(cgroupParent && { cgroupParent }),
  }
  const secretenv = mounts.flatMap((mount) => {
    if (mount.kind !== 'secret' || mount.env === undefined) return []
    return [{ ID: mount.id, name: mount.env, ...(!mount.required && { optional: true }) }]
  })
  return {
    sources: [],
    secrets: handed(mounts, 'secret'),
    ssh: handed(mounts, 'ssh'),
    network: network !== 'none',
    op: (inputs) => ({
      exec: {
        meta,
        mounts: [{ input: inputs[0], dest: '/', output: 0 }, ...mounts.flatMap((mount) => mountOf(mount, inputs))],
        ...(secretenv.length > 0 && { secretenv }),
        // NetMode and SecurityMode: 0 is what a step has unless it asks for something else.
        ...(network !== 'default' && { network: network === 'host' ? 1 : 2 }),
        ...(security === 'insecure' && { security: 1 }),
      },
    }),
  }
}

function handed(mounts: readonly StepMount[], kind: 'secret' | 'ssh'): HandedOn[] {
  return mounts.flatMap((mount) =>
    mount.kind === kind ? [{ id: mount.id, ...(!mount.required && { optional: true as const }) }] : [],
  )
}

/** pb.MountType */
const mountTypes = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 }
/** pb.CacheSharingOpt */
const sharings = { shared: 0, private: 1, locked: 2 }

function mountOf(mount: StepMount, inputs: readonly number[]): object[] {
  const { kind } = mount
  const base = { input: -1, dest: mount.target, output: -1, ...(kind !== 'bind' && { mountType: mountTypes[kind] }) }
  switch (mount.kind) {
    case 'bind': {
      const { from, readonly } = mount
      return [{ ...base, input: inputs[from.input], selector: from.path, ...(readonly && { readonly }) }]
    }
    case 'cache': {
      const cacheOpt = { ID: mount.name, sharing: sharings[mount.sharing] }
      return [{ ...base, ...(mount.from && { input: inputs[mount.from.input] }), cacheOpt }]
    }
    case 'tmpfs':
      return [{ ...base, TmpfsOpt: mount.size === undefined ? {} : { size: mount.size } }]
    case 'secret':
    case 'ssh': {
      // As a variable, a secret has no place.
      if (mount.target === undefined) return []
      const { id, mode, uid, gid, required } = mount
      const option = { ID: id, mode, ...(uid && { uid }), ...(gid && { gid }), ...(!required && { optional: true }) }
      return [{ ...base, ...(kind === 'secret' ? { secretOpt: option } : { SSHOpt: option }) }]
    }
  }
}
