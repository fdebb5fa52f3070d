import type { RuleText, Subject } from '../types.ts'
import { editOf, isOwn, stepsOf } from './places.ts'

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
    for (const { port, ...place } of ports(subject)) {
      const protocol = port.slice(port.lastIndexOf(':') + 1).split('/')[1] ?? ''
      if (protocol === protocol.toLowerCase()) continue
      const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`
      const { edits, ...where } = place
      yield { message, ...where, edits: edits(port.slice(0, -protocol.length) + protocol.toLowerCase()) }
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
    for (const { port, edits, ...where } of ports(subject)) {
      if (!port.includes(':')) continue
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`
      yield { message, ...where, edits: edits(port.slice(port.lastIndexOf(':') + 1)) }
    }
  },
}

/** All exposed ports, and where they are written as they are. */
function* ports({ stages }: Subject) {
  for (const stage of stages) {
    for (const step of stepsOf(stage, 'expose')) {
      const { node, range, words } = step
      for (const port of words) {
        const token = isOwn(step) ? node.args.find(({ text }) => text === port) : undefined
        yield {
          port,
          range,
          at: token && node.line.range(token.start, token.end),
          edits: (text: string) => (token && /^\d/.test(text) ? editOf(node, token, text) : []),
        }
      }
    }
  }
}
