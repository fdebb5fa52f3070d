import { hash } from 'node:crypto'
import { missText, version } from '../../lib/mod.ts'
import type { BuildRecord, StepRecord } from './types.ts'

/** `otlp`: OpenTelemetry's JSON form of traces (opentelemetry-proto, ExportTraceServiceRequest). `chrome`: the Trace Event Format. */
export type TraceFormat = 'otlp' | 'chrome'

/** The build as a trace, as text: a span for it, and in it one for each step. */
export function traceOf(build: BuildRecord, format: TraceFormat): string {
  const end = build.endedAt ?? Math.max(build.startedAt, ...build.steps.map((step) => step.endedAt ?? step.startedAt))
  return `${JSON.stringify(format === 'otlp' ? otlp(build, end) : chrome(build, end))}\n`
}

function attributesOf(step: StepRecord): Record<string, string | number | boolean> {
  return {
    'strake.step.cached': step.state === 'cached',
    ...(step.step && { 'strake.step.index': step.step.index }),
    ...(step.miss && { 'strake.step.miss': missText(step.miss) }),
    ...(step.read && { 'strake.step.bytes_read': step.read }),
    ...(step.written && { 'strake.step.bytes_written': step.written }),
  }
}

function otlp(build: BuildRecord, end: number): object {
  const traceId = hash('sha256', build.id).slice(0, 32)
  const spanId = (step: string) => hash('sha256', `${build.id} ${step}`).slice(0, 16)
  const span = (id: string, name: string, [from, to]: readonly [number, number]) => ({
    traceId,
    spanId: spanId(id),
    name,
    // SPAN_KIND_INTERNAL
    kind: 1,
    startTimeUnixNano: `${from}000000`,
    endTimeUnixNano: `${to}000000`,
  })
  // STATUS_CODE_OK, STATUS_CODE_ERROR
  const status = (error: string | undefined) => (error === undefined ? { code: 1 } : { code: 2, message: error })
  const root = {
    ...span('', `build ${build.name}`, [build.startedAt, end]),
    attributes: attributes({ 'strake.build.id': build.id, 'strake.build.status': build.status }),
    status: status(build.error?.message),
  }
  const steps = build.steps.map((step) => ({
    ...span(step.id, step.name, [step.startedAt, step.endedAt ?? end]),
    parentSpanId: root.spanId,
    attributes: attributes(attributesOf(step)),
    links: step.inputs.map((input) => ({ traceId, spanId: spanId(input) })),
    status: status(step.error),
  }))
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': 'strake', 'service.version': version }) },
        scopeSpans: [{ scope: { name: 'strake', version }, spans: [root, ...steps] }],
      },
    ],
  }
}

function attributes(values: Record<string, string | number | boolean>): object[] {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'boolean') return { key, value: { boolValue: value } }
    return { key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }
  })
}

/** Steps that run side by side are given rows of their own, which the format calls threads. */
function chrome(build: BuildRecord, end: number): object {
  const rows: number[] = []
  const rowOf = (from: number, to: number) => {
    const free = rows.findIndex((busyUntil) => busyUntil <= from)
    const row = free < 0 ? rows.length : free
    rows[row] = to
    return row + 1
  }
  const event = (name: string, [from, to]: readonly [number, number], more: { tid: number; args: object }) => ({
    name,
    ph: 'X',
    ts: from * 1000,
    dur: (to - from) * 1000,
    pid: 1,
    ...more,
  })
  const steps = [...build.steps].sort((a, b) => a.startedAt - b.startedAt)
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      { name: 'process_name', ph: 'M', pid: 1, args: { name: 'strake build' } },
      event(`build ${build.name}`, [build.startedAt, end], { tid: 0, args: { id: build.id, status: build.status } }),
      ...steps.map((step) => {
        const to = step.endedAt ?? end
        return event(step.name, [step.startedAt, to], { tid: rowOf(step.startedAt, to), args: attributesOf(step) })
      }),
    ],
  }
}
