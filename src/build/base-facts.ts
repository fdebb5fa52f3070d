import type { BaseFacts } from '../dockerfile/mod.ts'
import type { Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { BuildOptions } from './types.ts'

/** What the store knows of a base, for the checks. */
export function factsOf(
  images: Images,
  name: string,
  contexts: BuildOptions['buildContexts'] = {},
): BaseFacts | undefined {
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  const wanted = context === undefined ? name : /^docker-image:\/\/(.+)$/.exec(context)?.[1]
  const image = wanted === undefined ? undefined : attempt(() => images.find(wanted))
  if (!image) return undefined
  const { config, architecture, os, variant } = images.config(image)
  const { Env, Shell, User, OnBuild } = config ?? {}
  return {
    ...(Env && { env: Env }),
    ...(Shell && { shell: Shell }),
    ...(User && { user: User }),
    ...(OnBuild && { onbuild: OnBuild }),
    platform: { os, architecture, ...(variant && { variant }) },
  }
}

/** A name that is none is what the checks are to tell. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'invalid') return undefined
    throw error
  }
}
