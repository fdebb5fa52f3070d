import type { Node } from '../../nodes.ts'
import type { Token } from '../../source.ts'
import type { SourceRange } from '../../types.ts'
import type { RuleText, Subject } from '../types.ts'
import { editOf, isOwn, stepsOf, tokenRange } from './places.ts'

export const exposeProtoCasing: RuleText = {
  name: 'ExposeProtoCasing',
  level: 'warning',
  reached: true,
  description: 'Protocol in EXPOSE instruction should be lowercase',
  reason: 'Images store protocols in small letters.',
  fix: 'Write tcp, udp or sctp.',
  bad: 'EXPOSE 80/TCP',
  good: 'EXPOSE 80/tcp',
  *find(subject) {
    for (const place of ports(subject, (port) => port !== port.toLowerCase())) {
      const { port, range, at } = place
      const protocol = port.slice(port.lastIndexOf(':') + 1).split('/')[1] ?? ''
      if (protocol === protocol.toLowerCase()) continue
      const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`
      const edits = portEdit(place, port.slice(0, -protocol.length) + protocol.toLowerCase())
      yield { message, range, at, edits }
    }
  },
}

export const exposeInvalidFormat: RuleText = {
  name: 'ExposeInvalidFormat',
  level: 'warning',
  reached: true,
  description:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  reason: 'EXPOSE says on which port the program listens. Where it is published on the host, -p of run says.',
  fix: "Leave only the container's port.",
  bad: 'EXPOSE 127.0.0.1:80:8080',
  good: 'EXPOSE 8080',
  *find(subject) {
    for (const place of ports(subject, (port) => port.includes(':'))) {
      const { port, range, at } = place
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`
      yield { message, range, at, edits: portEdit(place, port.slice(port.lastIndexOf(':') + 1)) }
    }
  },
}

interface ExposedPort {
  readonly port: string
  readonly node: Node
  readonly range: SourceRange
  /** Where it is written as it is. */
  readonly token: Token | undefined
  readonly at: SourceRange | undefined
}

/** The exposed ports that are `wanted`. */
function ports({ stages }: Subject, wanted: (port: string) => boolean): ExposedPort[] {
  const exposed = stages.flatMap((stage) => stepsOf(stage, 'expose')).filter(({ words }) => words.some(wanted))
  return exposed.flatMap((step) =>
    step.words.filter(wanted).map((port) => {
      const { node, range } = step
      const token = isOwn(step) ? node.args.find(({ text }) => text === port) : undefined
      return { port, node, range, token, at: token && tokenRange(node, token) }
    }),
  )
}

const portEdit = ({ node, token }: ExposedPort, text: string) =>
  token && /^\d/.test(text) ? editOf(node, token, text) : []
