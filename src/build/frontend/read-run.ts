import type { RunInstruction } from '../../dockerfile/mod.ts'
import { runOperation } from '../operations/run.ts'
import { flag } from './flags.ts'
import { proxyArgs, shellOf } from './instructions.ts'
import type { Reading } from './read-stage.ts'

export function readRun({ reader, evaluation }: Reading, instruction: RunInstruction, id: string) {
  const { stage, buildArgs } = evaluation
  const { config } = stage
  const { command } = instruction
  const network = flag(instruction, 'network') ?? reader.options.network ?? 'default'
  const shell = shellOf(config)
  const script = command.form === 'shell' ? heredocScript(command, shell) : undefined
  const args = command.form === 'exec' ? command.args : (script?.args ?? [...shell, command.line])
  const shown = command.form === 'exec' ? command.args.join(' ') : (script?.shown ?? [...shell, command.line].join(' '))
  const declared = [...stage.args].map(([name, value]) => `${name}=${value ?? ''}`)
  const inEffect = [...stage.args].filter(([name, value]) => value !== undefined && !proxyArgs.includes(name))
  const env = [...(config.Env ?? [])]
  for (const [name, value] of inEffect) if (!env.some((pair) => pair.startsWith(`${name}=`))) env.push(`${name}=${value}`)
  const operation = runOperation({
    args,
    env,
    hiddenEnv: proxyArgs.flatMap((name) => (buildArgs[name] === undefined ? [] : [`${name}=${buildArgs[name]}`])),
    cwd: config.WorkingDir || '/',
    user: config.User ?? '',
    network: network as 'default' | 'host' | 'none',
    addHosts: reader.options.addHosts ?? [],
    scripts: script?.files ?? {},
    command: command.form === 'exec' ? command.args.join(' ') : command.line,
    range: instruction.range,
    vertex: id,
  })
  const prefix = declared.length ? `|${declared.length} ${declared.join(' ')} ` : ''
  return { operation, line: `RUN ${prefix}${shown} # buildkit` }
}

/** `RUN <<EOF`: the document is the script, of the shell or of the interpreter that its first line names. */
function heredocScript(command: Extract<RunInstruction['command'], { form: 'shell' }>, shell: readonly string[]) {
  const { line, heredocs } = command
  if (!heredocs.length) return undefined
  const [first] = heredocs
  const alone = /^<<-?(["']?)[^\s"'<>]+\1$/.test(line.trim())
  if (alone && first) {
    if (!first.content.startsWith('#!')) {
      return { args: [...shell, first.content], shown: [...shell, first.content].join(' '), files: {} }
    }
    const path = `/dev/pipes/${first.name}`
    return { args: [...shell, path], shown: [...shell, path].join(' '), files: { [path]: Buffer.from(first.content) } }
  }
  const full = `${line}\n${heredocs.map(({ content, name }) => `${content}${name}`).join('\n')}`
  return { args: [...shell, full], shown: [...shell, full].join(' '), files: {} }
}

