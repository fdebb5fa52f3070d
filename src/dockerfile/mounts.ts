import { byteCount, nearest, type SourceRange, StrakeError } from '../lib/mod.ts'
import { parseError } from './source.ts'
import type { Field, Flag, RunInstruction, Word } from './types.ts'

export const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const
const sharings = ['shared', 'private', 'locked'] as const

/** A `RUN --mount`, its variables expanded. Which options belong to which type has been checked. */
export interface RunMount {
  readonly type: (typeof mountTypes)[number]
  readonly id: string
  /** A stage, an image or a named context. */
  readonly from: Word | undefined
  /** As it is written; with its place, if it is given. */
  readonly source: Word | undefined
  readonly target: string
  readonly readonly: boolean
  readonly required: boolean
  readonly sharing: (typeof sharings)[number]
  /** Bytes that a tmpfs may hold. */
  readonly size: number | undefined
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** The variable that a secret is put into. */
  readonly env: string | undefined
  readonly range: SourceRange
}

const keys = [
  ...['type', 'from', 'source', 'target', 'readonly', 'id', 'sharing', 'required', 'size', 'mode', 'uid', 'gid', 'env'],
  ...['src', 'dst', 'destination', 'ro', 'rw', 'readwrite'],
]

/**
 * The mounts of a RUN. They are read when the step is, and not with the file: a mistake in a stage that is not built is none,
 * as in BuildKit.
 *
 * @param expand expands variables; values of all options but `from`, where the parser has refused them, may hold some
 * @throws `invalid` in docker's words, with the place of the very word
 */
export function runMounts(instruction: Pick<RunInstruction, 'flags'>, expand: (word: Word) => string): RunMount[] {
  return instruction.flags.filter(({ name }) => name === 'mount').map((flag) => readMount(flag, expand))
}

/** What a mount's options are called when they are compared: aliases by their first name. */
export function optionName(key: string): string {
  const name = key.toLowerCase()
  return aliases[name] ?? name
}

const aliases: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
}

type Draft = { -readonly [K in keyof RunMount]: RunMount[K] }

function readMount({ fields = [], range }: Flag, expand: (word: Word) => string): RunMount {
  const mount: Draft = {
    type: 'bind',
    id: '',
    from: undefined,
    source: undefined,
    target: '',
    readonly: false,
    required: false,
    sharing: 'shared',
    size: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    env: undefined,
    range,
  }
  const given = new Map<string, SourceRange>()
  let readonlyGiven = false
  for (const field of fields) {
    const { key } = field
    const name = optionName(key.text)
    const word = field.value && { text: expand(field.value), range: field.value.range }
    const fail = (message: string, hint?: string) => invalid(message, word?.range ?? key.range, hint)
    const foreign = () =>
      invalid(`unexpected key '${key.text.toLowerCase()}' for mount type '${mount.type}'`, key.range)
    if (!word && !['readonly', 'readwrite', 'required'].includes(name)) {
      const near = nearest(key.text, keys)
      const hint = near && near !== name ? `Did you mean ${near}?` : `Write ${key.text}=VALUE.`
      throw invalid(`invalid field '${key.text}' must be a key=value pair`, key.range, hint)
    }
    const value = word?.text ?? ''
    const yes = () => {
      const read = word ? parseBool(value) : true
      if (read === undefined)
        throw fail(`invalid value for ${key.text.toLowerCase()}: ${value}`, 'It is true or false.')
      return read
    }
    const number = (base: 8 | 10) => {
      const read = (base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) ? Number.parseInt(value, base) : Number.NaN
      if (!(read < 2 ** 32)) throw fail(`invalid value ${value} for ${name}`)
      return read
    }
    given.set(name, field.range)
    switch (name) {
      case 'type': {
        const type = mountTypes.find((known) => known === value.toLowerCase())
        if (!type) throw fail(`unsupported mount type "${value}"`, suggestion(value, mountTypes))
        mount.type = type
        break
      }
      case 'from':
      case 'source':
        mount[name] = word
        break
      case 'target':
      case 'id':
      case 'env':
        mount[name] = value
        break
      case 'readonly':
      case 'readwrite':
        mount.readonly = yes() === (name === 'readonly')
        readonlyGiven = true
        break
      case 'required':
        if (mount.type !== 'secret' && mount.type !== 'ssh') throw foreign()
        mount.required = yes()
        break
      case 'size':
        if (mount.type !== 'tmpfs') throw foreign()
        mount.size = byteCount(value)
        if (mount.size === undefined) throw fail(`invalid value for size: ${value}`, 'Write it as 64m or 1g.')
        break
      case 'sharing': {
        const sharing = sharings.find((known) => known === value.toLowerCase())
        if (!sharing) throw fail(`unsupported sharing value "${value}"`, suggestion(value, sharings))
        mount.sharing = sharing
        break
      }
      case 'mode':
        mount.mode = number(8)
        break
      case 'uid':
      case 'gid':
        mount[name] = number(10)
        break
      default: {
        const written = field.value ? `${key.text}=${field.value.text}` : key.text
        throw invalid(
          `unexpected key '${key.text.toLowerCase()}' in '${written}'`,
          key.range,
          suggestion(key.text, keys),
        )
      }
    }
  }
  if (!readonlyGiven) mount.readonly = mount.type !== 'cache' && mount.type !== 'tmpfs'
  check(mount, given)
  return mount
}

function check(mount: RunMount, given: ReadonlyMap<string, SourceRange>): void {
  const { type, id, target } = mount
  const at = (name: string) => given.get(name) ?? mount.range
  if (type === 'bind' || type === 'tmpfs') {
    for (const name of ['mode', 'uid', 'gid']) {
      if (given.has(name)) throw invalid(`${name} not allowed for "${type}" type mounts`, at(name))
    }
  }
  if (type === 'secret') {
    if (mount.from?.text) throw invalid('secret mount should not have a from', at('from'))
    if (given.has('sharing')) throw invalid('secret mount should not define sharing', at('sharing'))
    const source = mount.source?.text ?? ''
    if (!source && !target && !id) {
      const hint = 'Name the secret: --mount=type=secret,id=NAME'
      throw invalid('invalid secret mount. one of source, target required', mount.range, hint)
    }
    if (source && id) throw invalid("both source and id can't be set", at('source'))
  }
  if (type === 'ssh' && mount.source?.text) throw invalid('ssh does not support source', at('source'))
  if (given.has('sharing') && type !== 'cache')
    throw invalid(`invalid cache sharing set for ${type} mount`, at('sharing'))
}

function invalid(message: string, range: SourceRange, hint?: string): StrakeError {
  return new StrakeError('invalid', message, { range, hint })
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near ? `Did you mean ${near}?` : `It is one of ${known.join(', ')}.`
}

/** A `RUN --device`: a device of the Container Device Interface, by its qualified name. */
export interface RunDevice {
  readonly name: string
  readonly required: boolean
  readonly range: SourceRange
}

/** The device that the fields of a flag name. Throws `invalid` in docker's words. */
export function readDevice(fields: readonly Field[], range: SourceRange): RunDevice {
  let name = ''
  let required = false
  for (const { key, value, range: where } of fields) {
    const whole = value ? `${key.text}=${value.text}` : key.text
    const lower = key.text.toLowerCase()
    if (lower === 'required') {
      const read = value ? parseBool(value.text) : true
      if (read === undefined) throw parseError(`invalid value for required: ${value!.text}`, value!.range)
      required = read
    } else if (lower === 'name' && value) {
      if (name) throw parseError(`device name already set to ${name}`, where)
      name = value.text
    } else if (!name) name = whole
    else if (!value) throw parseError(`invalid field '${whole}' must be a key=value pair`, where)
    else throw parseError(`unexpected key '${lower}' in '${whole}'`, key.range, suggestion(lower, ['name', 'required']))
  }
  return { name, required, range }
}

/** Go's strconv.ParseBool. */
function parseBool(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined
}
