import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StrakeError } from '../../lib/mod.ts'
import { layoutNames, type NamedTarget, namesOf, placeOf } from './names.ts'
import type { BuildOutput, OutputFile } from './types.ts'

/** What is built, as far as it is known before. */
export interface Planned {
  readonly targets: readonly NamedTarget[]
  readonly isMultiPlatform: boolean
  /** Whether something is to be attested. */
  readonly isAttested: boolean
}

/** Finds out before the build what would fail after it. Throws `invalid` in docker's words. */
export function checkOutputs(outputs: readonly BuildOutput[], planned: Planned): void {
  for (const output of outputs) checkOutput(output, planned)
}

function checkOutput(output: BuildOutput, { targets, isMultiPlatform, isAttested }: Planned): void {
  if (output.kind === 'cacheonly') return
  if (output.kind === 'local' || output.kind === 'tar') {
    if (/[/\0]/.test(output.attestationPrefix ?? '')) {
      const message = `invalid attestation prefix ${JSON.stringify(output.attestationPrefix)}`
      throw fail(message, 'It is the beginning of the names of files in the root: it holds no slash.')
    }
    checkPlace(output.dest, output.kind === 'local')
    return
  }
  const names = namesOf(output, targets)
  const isIndex = isMultiPlatform || isAttested
  if (!isIndex && output.annotations?.some(({ place }) => place.startsWith('index'))) {
    throw fail('index annotations not supported for single platform export', 'Write manifest, or leave the type out.')
  }
  if (output.kind === 'image') {
    if (!output.push || names.flat().length > 0) return
    throw fail('tag is needed when pushing to registry', 'Name the image: -t registry.test/app:1.0')
  }
  if (output.kind === 'docker' && isIndex) {
    throw fail(
      'docker exporter does not support exporting manifest lists, use the oci exporter instead',
      'Write type=oci: docker load reads that as well. --load keeps the image in the store.',
    )
  }
  if (output.folder) {
    const all = layoutNames(output, targets)
    const first = all.flat().find((name, i, found) => found.indexOf(name) < i)
    if (first !== undefined) {
      const both = targets.filter((_, i) => all[i]!.includes(first)).map(placeOf)
      throw fail(
        `targets ${both.join(' and ')} would both be ${JSON.stringify(first)} in ${output.dest}`,
        'A layout knows an image by its tag alone. Give them different ones, or none: then each has the name of its target.',
      )
    }
  }
  checkPlace(output.dest, output.folder ?? false)
}

function checkPlace(dest: OutputFile, isFolder: boolean): void {
  if (typeof dest !== 'string') return
  const there = statSync(dest, { throwIfNoEntry: false })
  if (isFolder) {
    if (there && !there.isDirectory()) throw fail(`destination directory ${dest} is a file`)
    return
  }
  if (there?.isDirectory()) throw fail(`destination file ${dest} is a directory`)
  if (!statSync(dirname(resolve(dest)), { throwIfNoEntry: false })?.isDirectory()) {
    throw fail(`open ${dest}: no such file or directory`, 'Make the folder first.')
  }
}

function fail(message: string, hint?: string): StrakeError {
  return new StrakeError('invalid', message, { hint })
}
