import { type BuildOptions, openBuildContext } from '../build/mod.ts'
import { type BaseFacts, type CheckOptions, type CheckResult, checkDockerfile } from '../dockerfile/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Engine } from './engine.ts'

export interface BuildCheckOptions
  extends Pick<
    BuildOptions,
    'context' | 'file' | 'dockerfile' | 'buildArgs' | 'buildContexts' | 'progress' | 'signal'
  > {
  /** Names of rules to leave out, besides those that the Dockerfile names. */
  readonly skip?: readonly string[]
}

export interface CheckedBuild extends CheckResult {
  /** The Dockerfile: its name as a person knows it, and what is in it. */
  readonly file: string
  readonly text: string
  /** What it was checked with; `fixDockerfile` takes the same. */
  readonly options: CheckOptions
}

/**
 * Checks the Dockerfile of a build, with what is known of its context and its base images, and builds nothing.
 *
 * Throws `invalid` with a source range for what is no Dockerfile, `not_found` where context or Dockerfile are missing.
 */
export async function check(engine: Engine, options: BuildCheckOptions): Promise<CheckedBuild> {
  const { buildArgs = {}, skip = [] } = options
  using opened = await openBuildContext(engine.store, options)
  const { text, file } = opened.dockerfile
  const ignore = opened.source.tree.ignore?.patterns ?? []
  const base = (name: string) => factsOf(engine, name, options.buildContexts)
  const checks: CheckOptions = { file, buildArgs, skip, ignore, base }
  return { ...checkDockerfile(text, checks), file, text: text.toString(), options: checks }
}

/** What the store knows of a base. */
function factsOf(
  { images }: Engine,
  name: string,
  contexts: BuildCheckOptions['buildContexts'] = {},
): BaseFacts | undefined {
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  const wanted = context === undefined ? name : /^docker-image:\/\/(.+)$/.exec(context)?.[1]
  const image = wanted === undefined ? undefined : attempt(() => images.find(wanted))
  if (!image) return undefined
  const { Env, Shell, User, OnBuild } = images.config(image).config ?? {}
  return {
    ...(Env && { env: Env }),
    ...(Shell && { shell: Shell }),
    ...(User && { user: User }),
    ...(OnBuild && { onbuild: OnBuild }),
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
