import {
  type BuildRecord,
  type FailedStep,
  profileOf,
  type SolveOptions,
  type TraceFormat,
  traceOf,
} from '../engine/mod.ts'
import { type ProgressSink, StrakeError, type VertexEvent } from '../lib/mod.ts'
import type { Options, Terminal, Values } from './command.ts'
import { profileReport } from './profile-report.ts'
import type { ProgressView } from './progress.ts'
import { resultFile } from './result-file.ts'

/** Options of `build` that say how the steps are done, and what is told of it. */
export const solveFlags = {
  explain: { kind: 'boolean', help: 'Say for each step that was not cached why, and where imported results came from' },
  'require-cache': {
    kind: 'list',
    value: 'step',
    bare: '',
    help: 'Fail, saying why, where a step is not in the cache: any, or those of that number, stage or beginning of the instruction',
  },
  'max-parallelism': { kind: 'number', help: 'How many steps run side by side at most (default: as many as can)' },
  retry: { kind: 'number', help: 'How often a RUN instruction that fails is tried again', default: '0' },
  'on-error': {
    kind: 'string',
    value: 'shell',
    help: 'What to do when a RUN instruction fails: shell opens one in its very state',
  },
  profile: { kind: 'boolean', help: 'Show at the end where the time went, and the critical path' },
  trace: {
    kind: 'string',
    value: 'file',
    help: 'Write a trace of the build: OpenTelemetry JSON, or with FILE,format=chrome the form of browsers',
  },
} as const satisfies Options

/** The options as `build` takes them, and what is to be told when it has ended. Throws `invalid`. */
export function readSolveFlags(options: Values<typeof solveFlags>, terminal: Terminal) {
  const trace = options.trace === undefined ? undefined : readTrace(options.trace)
  const writeTrace = trace && resultFile('trace', trace.file)
  const onError = options['on-error']
  if (onError !== undefined && onError !== 'shell') {
    throw new StrakeError(
      'invalid',
      `invalid argument ${JSON.stringify(onError)} for "--on-error" flag: it must be shell`,
    )
  }
  const most = count('max-parallelism', options['max-parallelism'], 1)
  const retries = count('retry', options.retry, 0)
  const required = options['require-cache']
  let ended: BuildRecord | undefined
  let silent = false
  const running = new Map<string, VertexEvent>()
  return {
    options: (view: ProgressView): SolveOptions => ({
      ...(required.length && { requireCache: required.includes('') ? true : required }),
      ...(most !== undefined && { maxParallelism: most }),
      ...(retries !== undefined && { retries }),
      ...(onError && {
        onFailure: async (failed) => {
          // What other steps still say must not come between.
          if (silent) return
          silent = true
          const event = running.get(failed.vertex)
          if (event) view.sink({ ...event, state: 'failed', at: Date.now() })
          view[Symbol.dispose]()
          await openShell(failed, terminal)
        },
      }),
      onRecord: (record) => {
        ended = record
        if (trace) writeTrace?.(traceOf(record, trace.format))
      },
    }),
    /** Reasons are only shown where they are asked for. */
    progress: (sink: ProgressSink): ProgressSink => {
      return (event) => {
        if (silent) return
        if (event.kind !== 'vertex') return sink(event)
        const { miss: _, from: __, ...rest } = event
        const shown = options.explain ? event : rest
        if (onError) running.set(event.id, shown)
        sink(shown)
      }
    },
    /** Shows what is to be told after the build, however it ended. */
    [Symbol.dispose](): void {
      if (options.profile && ended) terminal.err(profileReport(profileOf(ended)))
    },
  }
}

async function openShell({ command, error, shell }: FailedStep, terminal: Terminal): Promise<void> {
  const { color } = terminal
  terminal.err(`${color('red', 'ERROR:')} ${error.message}\n`)
  terminal.err(`A shell in the state of the step that failed: RUN ${command.replace(/\s+/g, ' ')}\n`)
  terminal.err('What is done in it is not kept; leave it with "exit".\n')
  await shell()
}

function count(name: string, value: number | undefined, least: number): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return value
  throw new StrakeError('invalid', `invalid argument "${value}" for "--${name}" flag: it must be ${least} or more`)
}

/** `FILE`, or `FILE,format=chrome`. */
function readTrace(text: string): { readonly file: string; readonly format: TraceFormat } {
  const [file = '', ...settings] = text.split(',')
  const format = settings.length ? settings.join(',').replace(/^format=/, '') : 'otlp'
  if (file !== '' && (format === 'otlp' || format === 'chrome')) return { file, format }
  throw new StrakeError('invalid', `invalid argument ${JSON.stringify(text)} for "--trace" flag`, {
    hint: 'Write FILE, FILE,format=otlp or FILE,format=chrome.',
  })
}
