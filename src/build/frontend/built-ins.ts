import { detectSyntax, isFalse, isTrue } from '../../dockerfile/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { parseReference } from '../../oci/mod.ts'
import type { OpenedContext } from '../context/open.ts'

type BuildArgs = Readonly<Record<string, string>>
type File = OpenedContext['dockerfile']

/**
 * Whether the file is a Dockerfile by what it says itself (`# syntax=`), or by BUILDKIT_SYNTAX. Docker would run the
 * frontend's image; the Dockerfile's own is what is built in here. Throws `unsupported` for any other.
 */
export function checkFrontend({ text, file }: File, buildArgs: BuildArgs): void {
  const given = buildArgs.BUILDKIT_SYNTAX
  const directive = given ? undefined : detectSyntax(text, file)
  const [name = ''] = (given || directive?.value || '').trim().split(' ')
  if (name === '' || isDockerfiles(name)) return
  const where = directive ? '' : ' (BUILDKIT_SYNTAX)'
  throw new StrakeError('unsupported', `this file is for the frontend ${name}${where}, which Strake does not run`, {
    range: directive?.range,
    source: text.toString(),
    hint: 'Strake reads Dockerfiles itself. If it is one, write # syntax=docker/dockerfile:1, or leave the line out.',
  })
}

/** `docker/dockerfile`, `docker/dockerfile-upstream`, and what a mirror calls them. */
function isDockerfiles(name: string): boolean {
  try {
    return /(^|\/)dockerfile(-upstream)?$/.test(parseReference(name).repository)
  } catch (error) {
    if (error instanceof StrakeError) return false
    throw error
  }
}

/** Whether the result shall be an index even if it is for one platform. Throws `invalid`. */
export function wantsMultiPlatform(buildArgs: BuildArgs): boolean {
  const value = buildArgs.BUILDKIT_MULTI_PLATFORM
  if (!value || isTrue(value) || isFalse(value)) return isTrue(value ?? '')
  throw new StrakeError('invalid', `invalid boolean value for multi-platform: ${value}`, {
    hint: 'BUILDKIT_MULTI_PLATFORM is true or false.',
  })
}
