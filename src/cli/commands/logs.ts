import { currentContainer, explainPorts, joinEntries, type LogEntry, logs } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { command, type Terminal } from '../command.ts'
import { hintText } from '../hint-text.ts'

export default command({
  name: 'logs',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Fetch the logs of a container',
  options: {
    follow: { kind: 'boolean', short: 'f', help: 'Follow log output' },
    tail: {
      kind: 'string',
      short: 'n',
      help: 'Number of lines to show from the end of the logs',
      default: 'all',
    },
    since: { kind: 'string', help: 'Show logs since timestamp (e.g. "2024-05-01T10:00:00Z") or relative (e.g. "42m")' },
    until: { kind: 'string', help: 'Show logs before a timestamp or relative time' },
    timestamps: { kind: 'boolean', short: 't', help: 'Show timestamps' },
  },
  args: { min: 1, max: 1 },
  async run({ options, args, terminal, engine, signal }) {
    const [name = ''] = args
    const { follow, since, until, timestamps = false } = options
    const show = timestamps ? stamped(terminal) : plain(terminal)
    const tail = tailOf(options.tail)
    try {
      for await (const entries of logs(engine(), name, { follow, since, until, tail, signal })) show(entries)
    } catch (error) {
      // Ctrl-C is how one leaves what goes on for ever.
      if (!(follow && error instanceof StrakeError && error.code === 'cancelled')) throw error
      return 130
    }
    const container = await currentContainer(engine(), name).catch(() => undefined)
    if (container) for (const hint of explainPorts(container)) terminal.err(hintText(hint, terminal.color))
    return 0
  },
})

function tailOf(text = 'all'): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  // As docker: what is no number means all.
  return undefined
}

function plain(terminal: Terminal): (entries: readonly LogEntry[]) => void {
  return (entries) => {
    for (const { stream, data } of joinEntries(entries)) terminal[stream === 'stdout' ? 'out' : 'err'](data)
  }
}

/** Each line with the time of its first part. */
function stamped(terminal: Terminal): (entries: readonly LogEntry[]) => void {
  const inLine = { stdout: false, stderr: false }
  const show = plain(terminal)
  return (entries) => {
    show(
      entries.map((entry) => {
        const { stream, time, data } = entry
        const begins = !inLine[stream]
        inLine[stream] = data.at(-1) !== 0x0a
        return begins ? { ...entry, data: Buffer.concat([Buffer.from(`${time} `), data]) } : entry
      }),
    )
  }
}
