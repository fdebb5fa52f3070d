import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errno } from '../lib/mod.ts'
import { isCrun, type Runtime } from './runtimes.ts'
import { seccompFilter } from './seccomp-filter.ts'
import { type OciMount, type OciSpec, ociSpec } from './spec.ts'
import { modeInRoot } from './stubs.ts'
import type { SpecOptions } from './types.ts'

/** Writes a bundle's config.json, from which this runtime makes what Docker's would make. */
export function writeBundle(directory: string, runtime: Runtime, options: SpecOptions): void {
  const spec = ociSpec(options)
  writeFileSync(join(directory, 'config.json'), JSON.stringify(isCrun(runtime) ? forCrun(spec) : spec))
}

function forCrun(spec: OciSpec): object {
  const { linux, root } = spec
  makeDev(root.path)
  // Compiling the profile takes crun longer than all the rest, and its own program tells no call that is too new (ENOSYS).
  const filter = linux.seccomp && seccompFilter(linux.seccomp)
  return {
    ...spec,
    mounts: spec.mounts.map((mount) => withMode(root.path, mount)),
    ...(filter && { annotations: { 'run.oci.seccomp_bpf_data': filter.toString('base64') } }),
  }
}

/** crun would make it sticky. */
function makeDev(rootfs: string): void {
  try {
    mkdirSync(join(rootfs, 'dev'), 0o755)
  } catch (error) {
    if (errno(error) !== 'EEXIST' && errno(error) !== 'EROFS') throw error
  }
}

/** runc gives a tmpfs the mode of its mount point, where no other is asked for. */
function withMode(rootfs: string, mount: OciMount): OciMount {
  const { type, destination, options } = mount
  if (type !== 'tmpfs' || options.some((option) => option.startsWith('mode='))) return mount
  const mode = modeInRoot(rootfs, destination)
  return mode === undefined ? mount : { ...mount, options: [...options, `mode=${mode.toString(8)}`] }
}
