import { posix } from 'node:path'
import { evaluate } from './evaluate.ts'
import type { Evaluated, EvaluatedStage, EvaluateOptions, Step } from './evaluated.ts'
import { readDocument } from './nodes.ts'
import { mountsOf, stageNamed } from './outline.ts'
import { parseDocument } from './parse.ts'
import type { Command, SourceRange } from './types.ts'

/** What an instruction is for, in sentences. */
export interface Explanation {
  /** On one line, as it is written. */
  readonly instruction: string
  readonly range: SourceRange
  /** What it does. */
  readonly does: string
  /** What makes it run again; undefined for one that costs nothing. */
  readonly again: string | undefined
  /** It makes a layer. */
  readonly layer: boolean
}

/** What each instruction of a Dockerfile will do, and when it is done again. Throws as `parseDockerfile`. */
export function explainDockerfile(
  text: string | Uint8Array,
  options: Pick<EvaluateOptions, 'file' | 'buildArgs'> = {},
): Explanation[] {
  const { file = 'Dockerfile' } = options
  const document = readDocument(text, file)
  const evaluated = evaluate(document, parseDocument(document), options)
  const globals = evaluated.globals.map(({ instruction, words: _, values, ...step }): Explanation => {
    const names = instruction.kind === 'arg' ? instruction.args.map(({ name }) => name) : []
    const does = `Takes ${list(names.map((name, i) => argument(name, values[i])))}, for the FROMs below`
    return { instruction: instruction.original, range: step.range, does, again: undefined, layer: false }
  })
  const ends = new Map<EvaluatedStage, State>()
  return [...globals, ...evaluated.stages.flatMap((stage) => explainStage(evaluated, stage, ends))]
}

/** What instructions of a stage depend on. */
interface State {
  workdir: string
  user: string
  shell: readonly string[]
  readonly args: Set<string>
}

/** `ends` has what the stages before have come to. */
function explainStage(evaluated: Evaluated, checked: EvaluatedStage, ends: Map<EvaluatedStage, State>): Explanation[] {
  const { from, stage, base, parent, steps } = checked
  const before = parent && ends.get(parent)
  const state: State = before
    ? { ...before, args: new Set(before.args) }
    : { workdir: '/', user: '', shell: ['/bin/sh', '-c'], args: new Set() }
  const name = stage.name ? `stage ${stage.name}` : evaluated.stages.length > 1 ? `stage ${stage.index}` : 'the image'
  const what = parent
    ? `the result of stage ${base}`
    : base === 'scratch'
      ? 'nothing: an empty file system'
      : `the image ${base}`
  const start: Explanation = {
    instruction: from.original,
    range: from.range,
    does: `Begins ${name} with ${what}`,
    again: parent
      ? `stage ${base} gives something else`
      : base === 'scratch'
        ? undefined
        : 'the name stands for another image',
    layer: false,
  }
  const own = steps.map((step) => explainStep(evaluated, step, state))
  ends.set(checked, state)
  return [start, ...own]
}

function explainStep({ stages }: Evaluated, step: Step, state: State): Explanation {
  const { instruction, range, words } = step
  const plain = (does: string) => ({ does, again: undefined, layer: false })
  const explain = (): Omit<Explanation, 'instruction' | 'range'> => {
    switch (instruction.kind) {
      case 'run': {
        const who = state.user === '' ? '' : ` as ${state.user}`
        const mounts = mountsOf(instruction).map(({ fields }) => fields)
        const reads = mounts.length > 0 ? ` with ${list(mounts.map(mountText))}` : ''
        const insecure = instruction.flags.some(({ name, value }) => name === 'security' && value === 'insecure')
        const shown = mounts.filter(({ type, from }) => type === 'bind' || (type === 'cache' && from))
        const files =
          shown.length > 0
            ? `, ${list(
                shown.map(({ source, from }) => mountedText(source, from)),
                'or',
              )}`
            : ''
        const args = [...state.args]
        const values = args.length > 0 ? `, or the value of ${list(args, 'or')}` : ''
        return {
          does: `Runs ${commandText(instruction.command, state)} in ${state.workdir}${who}${reads}${insecure ? ', with all rights on this machine' : ''}`,
          again: `its text${values}${files}, or something above it changes. What it downloads may change unnoticed`,
          layer: true,
        }
      }
      case 'copy':
      case 'add': {
        const sources = words.slice(0, -1)
        const from = instruction.flags.find((flag) => flag.name === 'from')?.value
        const stage = from === undefined ? undefined : stageNamed(stages, from)
        const origin = from === undefined ? 'the build context' : stage ? `stage ${from}` : `the image ${from}`
        const urls =
          instruction.kind === 'add' ? sources.filter((source) => /^(https?|git|ssh):\/\/|^git@/.test(source)) : []
        const files = sources.filter((source) => !urls.includes(source))
        const parts = [
          ...(files.length > 0 ? [`${list(files)} of ${origin}`] : []),
          ...urls,
          ...(instruction.heredocs.length > 0 ? [list(instruction.heredocs.map(({ name }) => `<<${name}`))] : []),
        ]
        const unpacks = instruction.kind === 'add' && files.length > 0 ? ', and unpacks archives' : ''
        const changes = [
          ...(files.length > 0 ? ['the content, mode or owner of one of these files'] : []),
          ...(urls.length > 0 ? ['what is behind the URL'] : []),
          ...(instruction.heredocs.length > 0 ? ['the text'] : []),
        ]
        return {
          does: `Copies ${list(parts)} to ${inside(state, words.at(-1) ?? '')}${unpacks}`,
          again: `${list(changes, 'or')} changes, or something above it`,
          layer: true,
        }
      }
      case 'workdir':
        state.workdir = posix.resolve(state.workdir, words[0] || '.')
        return {
          does: `Makes ${state.workdir} the working directory, and creates it if it is not there`,
          again: 'something above it changes',
          layer: true,
        }
      case 'arg': {
        for (const name of words) state.args.add(name)
        return plain(`Takes ${list(words.map((name, i) => argument(name, step.values[i])))} from --build-arg`)
      }
      case 'env':
        return plain(`Sets ${list(words)} in all steps below and in containers`)
      case 'label':
        return plain(`Labels the image with ${list(words)}`)
      case 'user':
        state.user = words[0] ?? ''
        return plain(`Steps below and containers run as ${state.user}`)
      case 'shell':
        state.shell = instruction.shell
        return plain(`Commands in shell form below run in ${instruction.shell.join(' ')}`)
      case 'expose':
        return plain(`Says that the program listens on ${list(words)}. Publish it with -p`)
      case 'volume':
        return plain(`Containers get a volume of their own at ${list(words)}`)
      case 'cmd':
        return plain(
          `Containers run ${commandText(instruction.command, state)}, or what stands behind the image's name`,
        )
      case 'entrypoint':
        return plain(
          `Containers run ${commandText(instruction.command, state)}; CMD, or what stands behind the image's name, is given to it`,
        )
      case 'healthcheck':
        return plain(
          instruction.command
            ? `Tells whether a container is well by ${commandText(instruction.command, state)}`
            : 'Switches the health check of the base off',
        )
      case 'onbuild':
        return plain(`Leaves an instruction for builds on this image: ${instruction.trigger}`)
      case 'stopsignal':
        return plain(`Containers are stopped with ${words[0]}`)
      case 'maintainer':
        return plain('Names the author')
    }
  }
  return { instruction: instruction.original, range, ...explain() }
}

type Fields = Readonly<Record<string, string | undefined>>

function mountText({ type, id, source, target, from, env }: Fields): string {
  const at = target ? ` at ${target}` : ''
  switch (type) {
    case 'bind':
      return `${mountedText(source, from)}${at}`
    case 'cache':
      return `a cache that is kept between builds${at}`
    case 'tmpfs':
      return `memory${at}`
    case 'secret':
      return `the secret ${id ?? source ?? posix.basename(target ?? '')}${env ? ` in ${env}` : at}`
    case 'ssh':
      return `the SSH agent ${id ?? 'default'}${at}`
    default:
      return `a ${type} mount${at}`
  }
}

function mountedText(source: string | undefined, from: string | undefined): string {
  const path = posix.resolve('/', source ?? '')
  return `${path === '/' ? 'the files' : path} of ${from ?? 'the build context'}`
}

function commandText(command: Command, { shell }: State): string {
  if (command.form === 'exec') return command.args.join(' ')
  const line = command.heredocs.length > 0 ? 'the script below' : command.line.replaceAll(/\s+/g, ' ')
  const shown = line.length > 60 ? `${line.slice(0, 59)}…` : line
  return `${shown} (${shell[0] ?? 'a shell'})`
}

function inside({ workdir }: State, path: string): string {
  const directory = /(^|\/)\.?$/.test(path)
  const resolved = posix.resolve(workdir, path)
  return directory && resolved !== '/' ? `${resolved}/` : resolved
}

const argument = (name: string, value: string | undefined) =>
  value === undefined ? name : `${name} (${value || 'empty'})`

function list(words: readonly (string | undefined)[], last = 'and'): string {
  if (words.length < 2) return words[0] ?? 'nothing'
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
