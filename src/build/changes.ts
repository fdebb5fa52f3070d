import { parseDockerfile } from '../dockerfile/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { ContainerConfig } from '../oci/mod.ts'
import { applyConfig, type ConfigEvaluation, expandWord, workdir } from './frontend/instructions.ts'
import { envOf, finishConfig } from './frontend/stage.ts'

/**
 * The configuration after instructions that a person gives with `--change`: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK,
 * LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. Throws `invalid` for another one and for a mistake.
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const stage: ConfigEvaluation['stage'] = {
    config: { ...config },
    args: new Map(),
    env: envOf(config),
    author: undefined,
    cmdSet: true,
  }
  for (const change of changes) {
    const { stages, escape } = parseDockerfile(`FROM scratch\n${change}\n`, '--change')
    for (const instruction of stages[0]!.instructions) {
      switch (instruction.kind) {
        case 'workdir': {
          const evaluation = { stage, escape, buildArgs: {}, globals: new Map() }
          stage.config.WorkingDir = workdir(stage.config, expandWord(evaluation, instruction.word))
          break
        }
        case 'run':
        case 'copy':
        case 'add':
        case 'arg':
        case 'shell':
        case 'maintainer':
          throw new StrakeError('invalid', `${instruction.kind} is not a valid change command`, {
            hint: 'Changes are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR.',
          })
        default:
          applyConfig({ stage, escape, buildArgs: {}, globals: new Map() }, instruction)
      }
    }
  }
  return finishConfig(stage.config)
}
