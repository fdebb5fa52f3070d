import { StrakeError } from '../lib/mod.ts'
import { hostPlatform, parseReference, referenceString } from '../oci/mod.ts'
import type { BaseFacts, Evaluated, EvaluatedStage, EvaluateOptions, Step, Unset, Variables } from './evaluated.ts'
import { expand, expandHeredoc, expandWords } from './expand.ts'
import { isFrom } from './instructions.ts'
import { isPlain } from './lexer.ts'
import { likeliest } from './likeliest.ts'
import { type Document, type Node, readDocument } from './nodes.ts'
import { parseTrigger } from './parse.ts'
import { platformArgs } from './platform-args.ts'
import { Scope } from './scope.ts'
import type { Dockerfile, Environment, Instruction, Word } from './types.ts'

/** Reads names and values as the build will, as far as that is known without building. Never throws. */
export function evaluate(document: Document, dockerfile: Dockerfile, options: EvaluateOptions): Evaluated {
  const evaluation = new Evaluation(dockerfile, options)
  const stages: EvaluatedStage[] = []
  const byName = new Map<string, { readonly stage: EvaluatedStage; readonly end: StageEnd }>()
  const { nodes } = document
  const globals = dockerfile.globals.map((instruction, i) => evaluation.global(nodes[i]!, instruction))
  let next = globals.length
  for (const stage of dockerfile.stages) {
    const node = nodes[next++]!
    const own = stage.instructions.map((instruction) => ({ node: nodes[next++]!, instruction }))
    const evaluated = evaluation.stage(stage, { node, own, parent: (name) => byName.get(name) })
    stages.push(evaluated.stage)
    if (stage.name) byName.set(stage.name, evaluated)
  }
  const { platform = hostPlatform } = options
  return { document, dockerfile, platform, globals, stages }
}

/** For each instruction the last comment since the one before it, if there is one with words. */
export function commentsBefore({ nodes, comments }: Document): ReadonlyMap<Node, string> {
  const before = new Map<Node, string>()
  let next = 0
  for (const node of nodes) {
    // Empty lines between do not matter; an empty comment stands for none.
    let text = ''
    for (; next < comments.length && comments[next]!.start < node.line.offset(0); next++) text = comments[next]!.text
    while (next < comments.length && comments[next]!.start < node.taken) next++
    if (text !== '') before.set(node, text)
  }
  return before
}

/** What a stage hands on to those that are based on it. */
interface StageEnd {
  readonly env: Scope
  readonly args: ReadonlySet<string>
  readonly triggers: readonly string[]
  /** Nothing but what is in `env` can be set. */
  readonly known: boolean
}

/** The variables at one place of a stage. */
interface Place {
  readonly env: Scope
  readonly args: Set<string>
  readonly known: boolean
}

type Own = { readonly node: Node; readonly instruction: Instruction }

/** Variables of which no one need be told (BuildKit's nonEnvArgs). */
const silent = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']

/** ONBUILD multiplies: beyond so many, what triggers do is left out. */
const mostTriggered = 20_000

class Evaluation {
  readonly #escape: '\\' | '`'
  readonly #options: EvaluateOptions
  /** Global ARGs with the values of this build, and with their defaults alone. */
  readonly #globals: Scope
  readonly #defaults: Scope
  readonly #declared = new Set<string>()
  #triggered = 0

  constructor({ escape }: Dockerfile, options: EvaluateOptions) {
    this.#escape = escape
    this.#options = options
    const predefined = platformArgs(hostPlatform, options.platform ?? hostPlatform, '')
    this.#globals = new Scope(undefined, predefined)
    this.#defaults = new Scope(undefined, predefined)
  }

  global(node: Node, instruction: Instruction): Step {
    const values: (string | undefined)[] = []
    if (instruction.kind === 'arg') {
      for (const { name, value } of instruction.args) {
        this.#declared.add(name)
        const given = this.#given(name) ?? (value && this.#expand(value, this.#globals))
        if (given !== undefined) this.#globals.set(name, given)
        values.push(this.#globals.get(name))
        const preset = value && this.#expand(value, this.#defaults)
        if (preset !== undefined) this.#defaults.set(name, preset)
      }
    }
    return { index: 0, node, instruction, range: node.range, words: [], values, unset: [] }
  }

  stage(
    stage: EvaluatedStage['stage'],
    {
      node,
      own,
      parent: find,
    }: {
      readonly node: Node
      readonly own: readonly Own[]
      readonly parent: (name: string) => { readonly stage: EvaluatedStage; readonly end: StageEnd } | undefined
    },
  ): { stage: EvaluatedStage; end: StageEnd } {
    const { from } = stage
    const base = this.#expand(from.image, this.#globals) ?? from.image.text
    const parent = find(base)
    const facts = parent ? undefined : this.#facts(base)
    const env = new Scope(parent?.end.env, pairs(facts?.env ?? []))
    if (env.get('PATH') === undefined) env.set('PATH', '')
    const args = new Set(parent?.end.args)
    const triggers = this.#triggers(parent?.end.triggers ?? facts?.onbuild ?? [])
    const known = parent?.end.known ?? (facts !== undefined || plain.test(normalName(base)))
    const place = { env, args, known }
    const steps: Step[] = []
    for (const trigger of triggers) steps.push(this.#step(trigger, place, { index: steps.length, range: from.range }))
    for (const each of own) steps.push(this.#step(each, place, { index: steps.length, range: each.node.range }))
    const byKind = new Map<Instruction['kind'], Step[]>()
    for (const step of steps) {
      const same = byKind.get(step.instruction.kind)
      if (same) same.push(step)
      else byKind.set(step.instruction.kind, [step])
    }
    const left = (byKind.get('onbuild') ?? []).flatMap(({ instruction }) =>
      instruction.kind === 'onbuild' ? [instruction.trigger] : [],
    )
    return {
      end: { env, args, triggers: left, known },
      stage: {
        stage,
        from,
        node,
        base,
        parent: parent?.stage,
        facts,
        baseVariables: this.#variables(from.image),
        platform: from.platform && this.#platform(from.platform),
        defaultBase: this.#expand(from.image, this.#defaults),
        steps,
        byKind,
      },
    }
  }

  #triggers(texts: readonly string[]): Own[] {
    this.#triggered += texts.length
    return this.#triggered > mostTriggered ? [] : texts.flatMap(readTrigger)
  }

  #facts(base: string): BaseFacts | undefined {
    return base === 'scratch' ? {} : this.#options.base?.(base)
  }

  #platform({ text, range }: Word) {
    const word = { text, range }
    const target = this.#globals.get('TARGETPLATFORM')
    return { ...this.#variables(word), text: this.#expand(word, this.#globals) ?? text, target }
  }

  /** The variables of a FROM. */
  #variables(word: Word): Variables {
    const set = new Set<string>()
    const unset = new Set<string>()
    const look = (name: string) => {
      const value = this.#globals.get(name)
      if (value !== undefined) set.add(name)
      else if (!this.#declared.has(name)) unset.add(name)
      return value
    }
    attempt(() => expand(word, look, this.#escape))
    const all = () => [...this.#globals.names(), ...this.#declared]
    return { set: [...set], unset: [...unset].map((name) => ({ name, meant: likeliest(name, all()) })) }
  }

  #expand(word: Word | string, scope: Scope): string | undefined {
    return attempt(() => expand(word, (name) => scope.get(name), this.#escape))
  }

  #given(name: string): string | undefined {
    const { buildArgs } = this.#options
    return buildArgs && Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
  }

  /** Carries out what the instruction does to the variables of its stage. */
  #step({ node, instruction }: Own, place: Place, where: Pick<Step, 'index' | 'range'>): Step {
    const { env, args } = place
    const unset: Unset[] = []
    const one = (word: Word | string) => this.#read(word, place, unset)
    let words: string[] = []
    const values: (string | undefined)[] = []
    switch (instruction.kind) {
      case 'env':
      case 'label': {
        const read = instruction.pairs.map(({ key, value }) => ({ key: one(key), value: one(value) }))
        for (const { key, value } of read) {
          if (instruction.kind === 'env') env.set(key, value)
          words.push(key)
        }
        break
      }
      case 'arg':
        for (const { name, value } of instruction.args) {
          const given = this.#given(name)
          const own = given ?? (value && one(value)) ?? this.#globals.get(name)
          args.add(name)
          if (own !== undefined) env.set(name, own)
          words.push(name)
          values.push(env.get(name))
        }
        break
      case 'copy':
      case 'add':
        for (const wanted of instruction.flags.length > 0 ? ['chown', 'chmod', 'checksum'] : []) {
          for (const { name, value } of instruction.flags) if (name === wanted && value) one(value)
        }
        words = instruction.sources.map(one)
        words.push(one(instruction.destination))
        for (const { content, expand } of instruction.heredocs) {
          if (expand) this.#reported((get) => expandHeredoc(content, get), place, unset)
        }
        break
      case 'run':
        for (const { name, value = '' } of instruction.flags) {
          if (name === 'mount') for (const field of value.split(',')) one(field)
        }
        break
      case 'workdir':
      case 'user':
      case 'stopsignal':
        words.push(one(instruction.word))
        break
      case 'volume':
        words = instruction.words.map(one)
        break
      case 'expose':
        // Docker says nothing of variables that are not set here.
        for (const word of instruction.words) {
          words.push(...(attempt(() => expandWords(word, (name) => env.get(name), this.#escape)) ?? []))
        }
        break
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck':
      case 'maintainer':
      case 'onbuild':
      case 'shell':
    }
    return { index: where.index, node, instruction, range: where.range, words, values, unset }
  }

  /** The expanded word; as it is written where it can't be expanded. */
  #read(word: Word | string, place: Place, unset: Unset[]): string {
    const text = typeof word === 'string' ? word : word.text
    if (isPlain(text)) return text
    return this.#reported((get) => expand(text, get, this.#escape), place, unset) ?? text
  }

  /** Adds the variables that `run` asks for in vain to `unset`. */
  #reported(run: (get: Environment) => string, { env, args, known }: Place, unset: Unset[]): string | undefined {
    const missing = new Set<string>()
    const get = (name: string) => {
      const value = env.get(name)
      if (value === undefined) missing.add(name)
      return value
    }
    const result = attempt(() => run(get))
    for (const name of missing) {
      if (args.has(name) || silent.includes(name)) continue
      const meant = likeliest(name, env.names())
      // A base that is not known may have set it: then only what looks like a slip of the pen is told.
      if (known || (meant && meant !== 'PATH')) unset.push({ name, meant })
    }
    return result
  }
}

/** Distributions' own images: they set nothing but PATH. */
const plain =
  /^(docker\.io\/library\/)?(debian|ubuntu|alpine|busybox|centos|rockylinux|almalinux|amazonlinux|oraclelinux)[:@]/

function normalName(base: string): string {
  return attempt(() => referenceString(parseReference(base))) ?? base
}

function readTrigger(text: string): Own[] {
  const instruction = attempt(() => parseTrigger(text))
  const [node] = readDocument(text, 'ONBUILD').nodes
  return instruction && node && !isFrom(node) ? [{ node, instruction }] : []
}

function pairs(env: readonly string[]): (readonly [string, string])[] {
  return env.map((pair) => {
    const equals = pair.indexOf('=')
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
  })
}

/** Undefined where it fails: whatever is wrong with the Dockerfile, the build says. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
