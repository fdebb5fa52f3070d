import { StrakeError } from '../../lib/mod.ts'
import { formatPlatform, type Platform, parsePlatform } from '../../oci/mod.ts'
import type { Reader } from './read-stage.ts'
import type { Stage } from './stage.ts'

/**
 * How a step's platform is shown where images for several are built, as BuildKit has it: `linux/arm64`, or
 * `linux/amd64->arm64` where the step knows by its arguments that it works for another one.
 */
export function platformLabel(
  { options }: Pick<Reader, 'options'>,
  { runsOn, env }: Pick<Stage, 'runsOn' | 'env'>,
): string | undefined {
  if (!options.isOneOfSeveral) return undefined
  const target = targetOf(env, runsOn)
  if (!target || formatPlatform(target) === formatPlatform(runsOn)) return formatPlatform(runsOn)
  const { os, ...machine } = target
  const other =
    os === runsOn.os ? [machine.architecture, machine.variant].filter(Boolean).join('/') : formatPlatform(target)
  return `${formatPlatform(runsOn)}->${other}`
}

function targetOf(env: Stage['env'], { os, architecture }: Platform): Platform | undefined {
  const [whole, system, machine, variant] = ['PLATFORM', 'OS', 'ARCH', 'VARIANT'].map((name) =>
    env.get(`TARGET${name}`),
  )
  const text = whole || [system || os, machine || architecture, ...(variant ? [variant] : [])].join('/')
  if (!whole && !system && !machine && !variant) return undefined
  try {
    return parsePlatform(text)
  } catch (error) {
    // An argument of that name may be anything.
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
