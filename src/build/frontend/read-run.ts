import { type Command, commandScript, type RunInstruction } from '../../dockerfile/mod.ts'
import { runOperation } from '../operations/run.ts'
import { checkFlags, flag } from './flags.ts'
import { proxyArgs, shellOf } from './instructions.ts'
import type { Reading } from './read-stage.ts'

export function readRun({ reader, evaluation }: Reading, instruction: RunInstruction, id: string) {
  checkFlags(instruction)
  const { stage, buildArgs } = evaluation
  const { config } = stage
  const { command } = instruction
  const network = flag(instruction, 'network') ?? reader.options.network ?? 'default'
  const { args, scripts } =
    command.form === 'exec' ? { args: command.args, scripts: {} } : shellScript(command, shellOf(config))
  const declared = [...stage.args.keys()].map((name) => `${name}=${stage.env.get(name) ?? ''}`)
  const env = [...stage.env].filter(([name]) => !proxyArgs.includes(name) || !stage.args.has(name))
  const operation = runOperation({
    args,
    env: env.map(([name, value]) => `${name}=${value}`),
    hiddenEnv: proxyArgs.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`])),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    hostname: buildArgs.BUILDKIT_SANDBOX_HOSTNAME || 'buildkitsandbox',
    network: network as 'default' | 'host' | 'none',
    addHosts: reader.options.addHosts ?? [],
    scripts,
    command: command.form === 'exec' ? command.args.join(' ') : command.line,
    range: instruction.range,
    vertex: id,
  })
  const prefix = declared.length ? `|${declared.length} ${declared.join(' ')} ` : ''
  return { operation, line: `RUN ${prefix}${args.join(' ')} # buildkit` }
}

/** What the shell is given: its line, or the here-document that is the script. */
function shellScript(command: Extract<Command, { form: 'shell' }>, shell: readonly string[]) {
  const script = commandScript(command)
  if (script.kind === 'line') return { args: [...shell, script.line], scripts: {} }
  const path = `/dev/pipes/${script.name}`
  return { args: [...shell, path], scripts: { [path]: Buffer.from(script.content) } }
}
