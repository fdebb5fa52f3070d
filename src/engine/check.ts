import { type BuildOptions, factsOf, openBuildContext, targetsOf } from '../build/mod.ts'
import { type CheckOptions, type CheckResult, checkDockerfile } from '../dockerfile/mod.ts'
import type { Engine } from './engine.ts'

export interface BuildCheckOptions
  extends Pick<
    BuildOptions,
    'context' | 'file' | 'dockerfile' | 'buildArgs' | 'buildContexts' | 'target' | 'platform' | 'progress' | 'signal'
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
  const [platform] = [options.platform ?? []].flat()
  using opened = await openBuildContext(engine.store, options)
  const { text, file } = opened.dockerfile
  const ignore = opened.source.tree.ignore?.patterns ?? []
  const base = (name: string) => factsOf(engine.images, name, options.buildContexts)
  const checks: CheckOptions = {
    ...{ file, buildArgs, skip, ignore, base },
    ...(options.target?.length && { targets: targetsOf(options).map((name) => name ?? '') }),
    ...(platform && { platform }),
  }
  return { ...checkDockerfile(text, checks), file, text: text.toString(), options: checks }
}
