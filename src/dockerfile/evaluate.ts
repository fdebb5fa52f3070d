import { hostPlatform, parseReference, referenceString } from '../oci/mod.ts'
import type { BaseFacts, Evaluated, EvaluatedStage, EvaluateOptions, Step, Variables } from './evaluated.ts'
import { expand } from './expand.ts'
import { isFrom } from './instructions.ts'
import { likeliest } from './likeliest.ts'
import { type Document, type Node, readDocument } from './nodes.ts'
import { parseTrigger } from './parse.ts'
import { platformArgs } from './platform-args.ts'
import { Scope } from './scope.ts'
import type { Dockerfile, Instruction, Word } from './types.ts'
import { attempt, WordReader } from './word-reader.ts'

/** Reads names and values as the build will, as far as that is known without building. Never throws. */
export function evaluate(document: Document, dockerfile: Dockerfile, options: EvaluateOptions): Evaluated {
  const evaluation = new Evaluation(dockerfile, options)
  const stages: EvaluatedStage[] = []
  const byName = new Map<string, { readonly stage: EvaluatedStage; readonly end: StageEnd }>()
  const { nodes } = document
  const globals = dockerfile.globals.map((instruction, i) => evaluation.global(nodes[i]!, instruction))
  let next = globals.length
  for (const stage of dockerfile.stages) {
    const own = nodes.slice(next, next + 1 + stage.instructions.length)
    next += own.length
    const evaluated = evaluation.stage(stage, { nodes: own, parent: (name) => byName.get(name) })
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

type Own = { readonly node: Node; readonly instruction: Instruction }

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

  /**
   * @param nodes the stage's own, FROM first
   * @param parent finds a stage above
   */
  stage(
    stage: EvaluatedStage['stage'],
    {
      nodes,
      parent: find,
    }: {
      readonly nodes: readonly Node[]
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
    const reader = new WordReader({ env, args, known }, this.#escape)
    const brought = triggers.map((own, index) => this.#step({ ...own, index, range: from.range }, reader))
    const own = stage.instructions.map((instruction, i) => {
      const node = nodes[i + 1]!
      return this.#step({ node, instruction, index: brought.length + i, range: node.range }, reader)
    })
    const steps = [...brought, ...own]
    const byKind = Map.groupBy(steps, ({ instruction }) => instruction.kind)
    const left = (byKind.get('onbuild') ?? []).flatMap(({ instruction }) =>
      instruction.kind === 'onbuild' ? [instruction.trigger] : [],
    )
    return {
      end: { env, args, triggers: left, known },
      stage: {
        stage,
        from,
        node: nodes[0]!,
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
  #step(own: Own & Pick<Step, 'index' | 'range'>, reader: WordReader): Step {
    const { node, instruction, index, range } = own
    const { env, args } = reader
    let words: readonly string[] = []
    let values: Step['values'] = words
    switch (instruction.kind) {
      case 'env':
      case 'label': {
        const read = instruction.pairs.map(({ key, value }) => ({ key: reader.word(key), value: reader.word(value) }))
        if (instruction.kind === 'env') for (const { key, value } of read) env.set(key, value)
        words = read.map(({ key }) => key)
        break
      }
      case 'arg':
        values = instruction.args.map(({ name, value }) => {
          const given = this.#given(name)
          const own = given ?? (value && reader.word(value)) ?? this.#globals.get(name)
          args.add(name)
          if (own !== undefined) env.set(name, own)
          return env.get(name)
        })
        words = instruction.args.map(({ name }) => name)
        break
      case 'copy':
      case 'add': {
        const { sources, destination, flags, heredocs } = instruction
        for (const wanted of flags.length > 0 ? ['chown', 'chmod', 'checksum'] : []) {
          for (const { name, value } of flags) if (name === wanted && value) reader.word(value)
        }
        words = [...sources, destination].map((word) => reader.word(word))
        for (const heredoc of heredocs) reader.heredoc(heredoc)
        break
      }
      case 'run':
        for (const { name, value = '' } of instruction.flags) {
          if (name === 'mount') for (const field of value.split(',')) reader.word(field)
        }
        break
      case 'workdir':
      case 'user':
      case 'stopsignal':
        words = [reader.word(instruction.word)]
        break
      case 'volume':
        words = instruction.words.map((word) => reader.word(word))
        break
      case 'expose':
        words = instruction.words.flatMap((word) => reader.ports(word))
        break
      case 'cmd':
      case 'entrypoint':
      case 'healthcheck':
      case 'maintainer':
      case 'onbuild':
      case 'shell':
    }
    return { index, node, instruction, range, words, values, unset: reader.takeUnset() }
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
