import { bytes, type CacheMiss, missText, type ProgressEvent, type VertexEvent } from '../lib/mod.ts'
import { printable } from './display.ts'
import type { ProgressView } from './progress.ts'

/** Output of a vertex that is not in focus is held back up to this many bytes; then its oldest part is dropped. */
const mostHeldBack = 4 << 20

interface Vertex {
  readonly event: VertexEvent
  state: VertexEvent['state']
  reason?: string | undefined
  miss?: CacheMiss | undefined
  result?: string | undefined
  from?: string | undefined
  held: Uint8Array[]
  heldBytes: number
  dropped: boolean
  headed: boolean
}

/**
 * Lines as the tutorials show them. What runs side by side is shown one after the other, each whole: steps in the order
 * of their numbers, so that the same build always gives the same text. The step in focus is shown as it runs. Each
 * numbered step must come as a vertex, those too that have nothing to do; what has no number takes its turn in between
 * and is only shown when it has something to say.
 */
export function plainProgress(write: (text: string | Uint8Array) => void): ProgressView {
  const vertices = new Map<string, Vertex>()
  let focus: Vertex | undefined
  let nextStep = 1
  let lineOpen = false

  return {
    sink,
    [Symbol.dispose]() {
      // Something was cut short: the rest in order, and what failed at the end, where it is looked for.
      const rest = [...vertices.values()].sort((a, b) => stepOf(a) - stepOf(b))
      const failed = rest.filter((vertex) => vertex.state === 'failed')
      if (focus?.state !== 'failed') for (const vertex of rest) if (vertex.state !== 'failed') show(vertex)
      for (const vertex of failed) show(vertex)
      vertices.clear()
      focus = undefined
    },
  }

  function sink(event: ProgressEvent): void {
    switch (event.kind) {
      case 'vertex':
        vertexEvent(event)
        break
      case 'log': {
        const vertex = vertices.get(event.vertex)
        if (vertex) output(vertex, event.data)
        break
      }
      case 'status': {
        const vertex = vertices.get(event.vertex)
        if (!vertex || vertex.event.step || !event.done) break
        const amount = event.unit === 'bytes' ? bytes(event.current) : String(event.current)
        output(vertex, Buffer.from(`${event.label} ${amount}\n`))
        break
      }
      case 'notice':
        line(event.level === 'warning' ? `WARNING: ${event.message}` : event.message)
        for (const hint of event.hint?.split('\n') ?? []) line(`hint: ${hint}`)
    }
  }

  function vertexEvent(event: VertexEvent): void {
    let vertex = vertices.get(event.id)
    if (!vertex) {
      vertex = { event, state: event.state, held: [], heldBytes: 0, dropped: false, headed: false }
      vertices.set(event.id, vertex)
    }
    vertex.state = event.state
    vertex.reason ??= event.reason
    // It was waited for before it was known that it must be done.
    if (event.miss && !vertex.miss && vertex.headed) line(missLine(event.miss))
    vertex.miss ??= event.miss
    vertex.result ??= event.result
    vertex.from ??= event.from
    advance()
  }

  /** Shows everything whose turn it is. */
  function advance(): void {
    for (;;) {
      focus ??= next()
      if (!focus) return
      if (focus.event.step) head(focus)
      flush(focus)
      // A failed vertex keeps the focus: what others still have to say must not stand between it and the error.
      if (focus.state === 'started' || focus.state === 'failed') return
      show(focus)
      if (focus.event.step) nextStep = stepOf(focus) + 1
      vertices.delete(focus.event.id)
      focus = undefined
    }
  }

  function next(): Vertex | undefined {
    let other: Vertex | undefined
    for (const vertex of vertices.values()) {
      if (stepOf(vertex) <= nextStep) return vertex
      if (!vertex.event.step) other ??= vertex
    }
    return other
  }

  function output(vertex: Vertex, data: Uint8Array): void {
    if (vertex === focus) {
      head(vertex)
      raw(data)
      return
    }
    vertex.held.push(Uint8Array.from(data))
    vertex.heldBytes += data.length
    while (vertex.heldBytes > mostHeldBack && vertex.held.length > 1) {
      vertex.heldBytes -= vertex.held.shift()!.length
      vertex.dropped = true
    }
  }

  function head(vertex: Vertex): void {
    if (vertex.headed) return
    vertex.headed = true
    const { step, name } = vertex.event
    const platform = step?.platform === undefined ? '' : `[${step.platform}] `
    line(step ? `Step ${step.index}/${step.total} : ${platform}${step.text}` : name)
    if (step && vertex.miss) line(missLine(vertex.miss))
  }

  function flush(vertex: Vertex): void {
    if (vertex.held.length === 0) return
    head(vertex)
    if (vertex.dropped) line('[the start of the output was too long to keep]')
    for (const chunk of vertex.held) raw(chunk)
    vertex.held = []
    vertex.heldBytes = 0
  }

  /** All of a vertex that ended. */
  function show(vertex: Vertex): void {
    if (vertex.event.step || vertex.state === 'failed') head(vertex)
    flush(vertex)
    closeLine()
    if (!vertex.event.step || vertex.state === 'failed') return
    if (vertex.state === 'cached') line(` ---> Using cache${vertex.from ? ` of ${printable(vertex.from)}` : ''}`)
    else if (vertex.state !== 'done') line(' ---> Cancelled')
    if (vertex.result) line(` ---> ${vertex.result}`)
  }

  function line(text: string): void {
    closeLine()
    write(`${text}\n`)
  }

  function raw(data: Uint8Array): void {
    if (data.length === 0) return
    write(data)
    lineOpen = data.at(-1) !== 10
  }

  function closeLine(): void {
    if (lineOpen) write('\n')
    lineOpen = false
  }
}

function missLine(miss: CacheMiss): string {
  return ` ---> Not cached: ${printable(missText(miss))}`
}

function stepOf(vertex: Vertex): number {
  return vertex.event.step?.index ?? Number.POSITIVE_INFINITY
}
