import type { Service } from '../distribution/service.ts'
import type { Call } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'

export async function pages(_service: Service, call: Call): Promise<{ readonly call: Call; readonly reply: Reply }> {
  return { call, reply: { status: 404, body: 'not found\n' } }
}
