import { type Command, commandScript, type RunInstruction } from '../../dockerfile/mod.ts'
import { runOperation } from '../operations/run.ts'
import type { StepMount } from '../operations/step-mounts.ts'
import { checkFlags } from './flags.ts'
import { proxyArgs, shellOf } from './instructions.ts'
import type { Reading } from './read-stage.ts'
import { readMounts } from './run-mounts.ts'
import { readRights } from './run-rights.ts'

export async function readRun(reading: Reading, instruction: RunInstruction, id: string) {
  const { reader, evaluation } = reading
  checkFlags(instruction)
  const { mounts, inputs } = await readMounts(reading, instruction, id)
  const { addHosts = [], shmSize: size, ulimits = [], cgroupParent } = reader.options
  const shm: StepMount[] = size
    ? [{ kind: 'tmpfs', target: '/dev/shm', readonly: false, size, range: instruction.range }]
    : []
  const rights = readRights(instruction, reader.options)
  const { stage, buildArgs } = evaluation
  const { config } = stage
  const { command } = instruction
  const { args, scripts } =
    command.form === 'exec' ? { args: command.args, scripts: {} } : shellScript(command, shellOf(config))
  const declared = [...stage.args.keys()].map((name) => `${name}=${stage.env.get(name) ?? ''}`)
  const env = [...stage.env].filter(([name]) => !proxyArgs.includes(name) || !stage.args.has(name))
  const operation = runOperation({
    args,
    env: env.map(([name, value]) => `${name}=${value}`),
    argNames: new Set(stage.args.keys()),
    hiddenEnv: proxyArgs.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`])),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    hostname: buildArgs.BUILDKIT_SANDBOX_HOSTNAME || 'buildkitsandbox',
    epoch: reader.epoch,
    ...rights,
    mounts: [...shm, ...mounts],
    ulimits,
    cgroupParent,
    addHosts,
    scripts,
    original: instruction.original,
    command: command.form === 'exec' ? command.args.join(' ') : command.line,
    range: instruction.range,
    vertex: id,
    platform: stage.platform,
  })
  const prefix = declared.length ? `|${declared.length} ${declared.join(' ')} ` : ''
  return { operation, line: `RUN ${prefix}${args.join(' ')} # buildkit`, mounted: inputs }
}

/** What the shell is given: its line, or the here-document that is the script. */
function shellScript(command: Extract<Command, { form: 'shell' }>, shell: readonly string[]) {
  const script = commandScript(command)
  if (script.kind === 'line') return { args: [...shell, script.line], scripts: {} }
  const path = `/dev/pipes/${script.name}`
  return { args: [...shell, path], scripts: { [path]: Buffer.from(script.content) } }
}
