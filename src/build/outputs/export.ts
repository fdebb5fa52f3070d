import { resolve } from 'node:path'
import type { Images } from '../../images/mod.ts'
import { errno, StrakeError } from '../../lib/mod.ts'
import type { Execution } from '../execution.ts'
import { allFiles } from './all-files.ts'
import { exportArchive } from './archive.ts'
import type { ExportedImage, Exporting } from './finished.ts'
import { exportImages } from './image.ts'
import { writeFiles } from './local.ts'
import { tarOf } from './tar.ts'
import type { BuildOutput } from './types.ts'
import { writeOutput } from './write-file.ts'

/** Puts one output out. Those that are no images give nothing; of several targets, the last one's image is given. */
export async function exportOutput(
  execution: Execution,
  images: Images,
  { targets, output, attestor }: Exporting<BuildOutput>,
): Promise<ExportedImage | undefined> {
  switch (output.kind) {
    case 'cacheonly':
      return undefined
    case 'local':
    case 'tar': {
      const what = output.kind === 'local' ? 'directory' : 'tarball'
      const split = output.platformSplit ?? targets[0]!.isMultiPlatform ?? false
      const files = allFiles(execution, targets, { split, attestor, prefix: output.attestationPrefix })
      await shown(execution, `exporting to client ${what}`, async () => {
        if (output.kind === 'tar') await writeOutput(output.dest, tarOf(files))
        else await writeFiles(resolve(output.dest), files)
      })
      return undefined
    }
    case 'oci':
    case 'docker':
      return shown(execution, `exporting to ${output.kind} image format`, () =>
        exportArchive(execution, { targets, output, attestor }),
      )
    case 'image':
      return exportImages(execution, images, { targets, output, attestor })
  }
}

let exports = 0

/** Tells of an export as of a step without a number. */
export async function shown<T>(
  { progress }: Pick<Execution, 'progress'>,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const vertex = { kind: 'vertex', id: `export ${++exports}`, name } as const
  progress({ ...vertex, state: 'started', at: Date.now() })
  try {
    const result = await work()
    progress({ ...vertex, state: 'done', at: Date.now() })
    return result
  } catch (error) {
    progress({ ...vertex, state: 'failed', at: Date.now() })
    // The disk is full, the folder read-only, … A closed pipe ends the program as it ends others.
    if (errno(error) === undefined || errno(error) === 'EPIPE' || error instanceof StrakeError) throw error
    throw new StrakeError('failed', `failed ${name}: ${(error as Error).message}`, { cause: error })
  }
}
