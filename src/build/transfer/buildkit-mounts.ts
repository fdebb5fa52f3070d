import { digestOf } from '../../oci/mod.ts'
import type { StepMount } from '../operations/step-mounts.ts'
import type { BuildKitInput } from './buildkit-keys.ts'

/** The mounts of a RUN as BuildKit has them (solver/pb/ops.proto: Mount), besides that of the root. */
export interface BuildKitMounts {
  readonly documents: readonly object[]
  /** What they read. */
  readonly inputs: readonly BuildKitInput[]
  /** Variables that a mount sets. */
  readonly env: readonly string[]
  readonly secretEnv: readonly object[]
}

/** Undefined where one of them has no such form. In BuildKit's order: by target, then secrets, then agents. */
export function buildkitMounts(mounts: readonly StepMount[], env: readonly string[]): BuildKitMounts | undefined {
  const inputs: BuildKitInput[] = []
  const placed = mounts.flatMap((mount) => (mount.kind === 'secret' || mount.kind === 'ssh' ? [] : [mount]))
  const documents: object[] = []
  for (const mount of placed.sort((a, b) => (a.target < b.target ? -1 : 1))) {
    const { target: dest, readonly } = mount
    const common = { dest, output: -1, readonly: readonly || undefined }
    switch (mount.kind) {
      case 'bind': {
        const { input, path } = mount.from
        documents.push({ input: inputs.length + 1, ...common })
        inputs.push({ kind: 'vertex', at: input, selector: digestOf(path) })
        break
      }
      case 'tmpfs':
        documents.push({ input: -1, ...common, mountType: 4, TmpfsOpt: { size: mount.size || undefined } })
        break
      case 'cache': {
        const { from, uid, gid, mode, name, sharing } = mount
        if (from || uid !== undefined || gid !== undefined || mode !== undefined) return undefined
        // Which one it is counts only where nothing was said of it.
        const ID = name === dest && sharing === 'shared' ? `/${name}` : undefined
        documents.push({ input: -1, ...common, mountType: 3, cacheOpt: { ID } })
      }
    }
  }
  const handed = (kind: 'secret' | 'ssh') => mounts.flatMap((mount) => (mount.kind === kind ? [mount] : []))
  const secretEnv: object[] = []
  for (const mount of [...handed('secret'), ...handed('ssh')]) {
    const { id, uid, gid, mode, required } = mount as Extract<StepMount, { kind: 'secret' | 'ssh' }>
    const ID = mount.kind === 'ssh' && id === 'default' ? undefined : id
    const options = { ID, uid: uid || undefined, gid: gid || undefined, mode, optional: !required || undefined }
    if (mount.target !== undefined) {
      const which = mount.kind === 'ssh' ? { mountType: 2, SSHOpt: options } : { mountType: 1, secretOpt: options }
      documents.push({ input: -1, dest: mount.target, ...which })
    }
    if (mount.kind === 'secret' && mount.env !== undefined) {
      secretEnv.push({ ID, name: mount.env, optional: !required || undefined })
    }
  }
  const [agent] = handed('ssh')
  const own = agent && !env.some((pair) => pair.startsWith('SSH_AUTH_SOCK=')) ? [`SSH_AUTH_SOCK=${agent.target}`] : []
  return { documents, inputs, env: own, secretEnv }
}
