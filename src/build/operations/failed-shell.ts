import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execChecked } from '../../host/mod.ts'
import { staticBusybox } from '../../images/mod.ts'
import { bytesOf, StrakeError } from '../../lib/mod.ts'
import { execute, type Mount, mountStubs, type StepOptions } from '../../runtime/mod.ts'
import { openTree, resolveInTree } from '../context/tree.ts'

/** Where BusyBox is mounted. Its mount point is taken away again. */
const toolsPath = '/.strake'

/**
 * A shell where a step failed: its root file system, environment, folder, user, network and mounts. The image's own /bin/sh, or
 * BusyBox of this machine, whose programs are there in any case, behind those of the image. Gives the exit code.
 */
export async function failedShell(
  spec: StepOptions,
  { upper, files, signal }: { upper: string; files: string; signal: AbortSignal | undefined },
): Promise<number> {
  const own = hasShell(spec.rootfs)
  const tools = await busyboxTools(join(files, 'tools'), own)
  const mounts: Mount[] = [...(spec.mounts ?? []), ...tools]
  const path = spec.env.find((pair) => pair.startsWith('PATH='))
  const env = spec.env.filter((pair) => pair !== path)
  using _ = mountStubs({ rootfs: spec.rootfs, upper }, tools)
  const { exitCode } = await execute(
    {
      ...spec,
      args: [own ? '/bin/sh' : `${toolsPath}/sh`],
      env: [...env, `${path ?? 'PATH=/bin:/usr/bin'}${tools.length ? `:${toolsPath}` : ''}`],
      mounts,
      tty: process.stdin.isTTY === true && process.stdout.isTTY === true,
    },
    { inherit: true, signal, onOutput() {} },
  )
  return exitCode
}

function hasShell(rootfs: string): boolean {
  const tree = openTree(bytesOf(rootfs), 'the image')
  const stat = tree.stat(resolveInTree(tree, 'bin/sh'))
  return stat?.isFile() === true && (Number(stat.mode) & 0o111) !== 0
}

/** A folder with BusyBox under the names of all its programs. Without one on this machine an image's own shell does. */
async function busyboxTools(folder: string, optional: boolean): Promise<Mount[]> {
  try {
    const program = staticBusybox()
    mkdirSync(folder, { recursive: true })
    copyFileSync(program, join(folder, 'busybox'))
    const names = (await execChecked(program, ['--list'])).split('\n').filter((name) => /^[\w.[-]+$/.test(name))
    for (const name of names) if (name !== 'busybox') symlinkSync('busybox', join(folder, name))
  } catch (error) {
    if (!optional || !(error instanceof StrakeError)) throw error
    return []
  }
  return [{ source: folder, target: toolsPath, kind: 'bind', readonly: true }]
}
