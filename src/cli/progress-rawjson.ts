import { hash } from 'node:crypto'
import {
  type CheckEvent,
  type GraphEvent,
  missText,
  type ProgressEvent,
  type StatusEvent,
  type VertexEvent,
} from '../lib/mod.ts'
import type { ProgressView } from './progress.ts'

interface Vertex {
  readonly digest: string
  readonly inputs: readonly string[]
  readonly name: string
  started?: string
  completed?: string
  cached?: true
  error?: string
}

interface Status {
  readonly id: string
  readonly vertex: string
  total?: number
  current: number
  timestamp: string
  readonly started: string
  completed?: string
}

/**
 * BuildKit's `SolveStatus`, a line of JSON for each change, as `docker buildx build --progress=rawjson` writes them
 * (github.com/moby/buildkit, client/graph.go): names, their order, what is left out and the form of times are those of the Go
 * types. Steps are named in one line before the first begins. A vertex is told with all that is known of it each time. Digests name
 * vertices within one stream.
 *
 * Steps that only change the configuration are no vertices for BuildKit; whoever builds on one is told to build on what that
 * stands on. Checks and notices belong to the vertex that loads the Dockerfile, which comes with the first of them.
 */
export function rawJsonProgress(write: (text: string) => void, now: () => number = Date.now): ProgressView {
  const vertices = new Map<string, Vertex>()
  const statuses = new Map<string, Status>()
  /** Steps without a layer, and what they stand on. */
  const through = new Map<string, readonly string[]>()
  const tell = (lists: Readonly<Record<string, readonly object[]>>) => write(`${goJson(lists)}\n`)

  function inputsOf(ids: readonly string[]): string[] {
    const digests = ids.flatMap((id) => {
      const below = through.get(id)
      return below ? inputsOf(below) : (vertices.get(id)?.digest ?? [])
    })
    return [...new Set(digests)]
  }

  function vertexOf(id: string, name: string, inputs: readonly string[] = []): Vertex {
    let vertex = vertices.get(id)
    if (!vertex) {
      vertex = { digest: digestOf(`${id} ${name}`), inputs: inputsOf(inputs), name }
      vertices.set(id, vertex)
    }
    return vertex
  }

  function show(...shown: readonly Vertex[]): void {
    const vertexes = shown.map(({ digest, inputs, name, started, completed, cached, error }) => {
      return { digest, ...(inputs.length && { inputs }), name, started, completed, cached, error }
    })
    tell({ vertexes })
  }

  /** The vertex that something belongs to which has none of its own. */
  function owner(id: string): Vertex {
    const name = id === 'push' ? exporting : id
    const vertex = vertexOf(id, name)
    if (vertex.started === undefined) {
      vertex.started = goTime(now())
      show(vertex)
    }
    return vertex
  }

  function loading(file = 'Dockerfile'): Vertex {
    const known = vertices.get('load')
    if (known) return known
    const vertex = vertexOf('load', `[internal] load build definition from ${file}`)
    vertex.started = goTime(now())
    vertex.completed = vertex.started
    show(vertex)
    return vertex
  }

  function graphEvent({ vertices }: GraphEvent): void {
    for (const { id, config, inputs = [] } of vertices) if (config) through.set(id, inputs)
    show(...vertices.filter(({ config }) => !config).map(({ id, name, inputs }) => vertexOf(id, name, inputs)))
  }

  function vertexEvent({ id, name, state, at, config, inputs = [], miss, reason }: VertexEvent): void {
    if (config && state !== 'failed') return void through.set(id, inputs)
    const vertex = vertexOf(id, name, inputs)
    const time = goTime(at)
    vertex.started ??= time
    if (state !== 'started') {
      endStatuses(id, time)
      vertex.completed = time
      if (state === 'cached') vertex.cached = true
      if (state === 'failed') vertex.error = reason ?? 'failed'
      if (state === 'cancelled') vertex.error = cancelled
    }
    show(vertex)
    if (miss && state === 'started') log(vertex, 1, Buffer.from(`Not cached: ${missText(miss)}\n`))
  }

  function log({ digest }: Vertex, stream: 1 | 2, data: Uint8Array): void {
    tell({
      logs: [{ vertex: digest, stream, data: Buffer.from(data).toString('base64'), timestamp: goTime(now()) }],
    })
  }

  function statusEvent({ vertex: owning, id, label, current, total, done }: StatusEvent): void {
    const vertex = owner(owning)
    const key = `${owning}\0${id}`
    const time = goTime(now())
    let status = statuses.get(key)
    if (status && status.id !== label) {
      tell({ statuses: [{ ...status, timestamp: time, completed: time }] })
      status = undefined
    }
    const { started = time } = status ?? {}
    const next: Status = {
      id: label,
      vertex: vertex.digest,
      ...(total && { total }),
      current,
      timestamp: time,
      started,
      ...(done && { completed: time }),
    }
    if (done) statuses.delete(key)
    else statuses.set(key, next)
    tell({ statuses: [next] })
  }

  function endStatuses(vertex: string, time: string): void {
    for (const [key, status] of statuses) {
      if (!key.startsWith(`${vertex}\0`)) continue
      statuses.delete(key)
      tell({ statuses: [{ ...status, timestamp: time, completed: time }] })
    }
  }

  function check({ rule, message, description, url, range, source }: CheckEvent): void {
    const { file, start, end } = range
    // An end in the first column is that of the line before.
    const last = end.column > 1 ? end.line : Math.max(start.line, end.line - 1)
    tell({
      warnings: [
        {
          vertex: loading(file).digest,
          level: 1,
          short: base64(`${rule}: ${message} (line ${start.line})`),
          detail: [base64(description)],
          url,
          sourceInfo: { filename: file, ...(source && { data: base64(source) }), language: 'Dockerfile' },
          range: [{ start: { line: start.line }, end: { line: last } }],
        },
      ],
    })
  }

  function sink(event: ProgressEvent): void {
    if (event.kind === 'vertex') vertexEvent(event)
    else if (event.kind === 'graph') graphEvent(event)
    else if (event.kind === 'status') statusEvent(event)
    else if (event.kind === 'check') check(event)
    else if (event.kind === 'log') log(owner(event.vertex), event.stream === 'stdout' ? 1 : 2, event.data)
    else if (event.level === 'info') log(loading(), 1, Buffer.from(`${event.message}\n`))
    else {
      const detail = event.hint?.split('\n').map(base64)
      tell({ warnings: [{ vertex: loading().digest, level: 1, short: base64(event.message), detail }] })
    }
  }

  return {
    sink,
    /** What has begun and not ended by now does not end any more. */
    [Symbol.dispose]() {
      const time = goTime(now())
      for (const [id, vertex] of vertices) {
        endStatuses(id, time)
        if (vertex.started === undefined || vertex.completed !== undefined) continue
        vertex.completed = time
        vertex.error = cancelled
        show(vertex)
      }
    },
  }
}

/** BuildKit's name of the step that puts an image out. */
export const exporting = 'exporting to image'

const cancelled = 'context canceled'

function digestOf(text: string): string {
  return `sha256:${hash('sha256', text)}`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** RFC 3339 without zeros at the end, as Go's `time.Time` marshals itself. */
function goTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z')
}

const escaped = /[<>&\u2028\u2029]/g

/** Go's encoder writes some characters as escapes, so that its JSON can stand in HTML. */
function goJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    escaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
