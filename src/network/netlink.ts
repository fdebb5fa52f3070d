import { closeSync, openSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import { sys } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const NETLINK_ROUTE = 0
const CLONE_NEWNET = 0x40000000
/** linux/netlink.h */
const NLMSG_ERROR = 2
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_EXCL = 0x200
const NLM_F_CREATE = 0x400
/** Attributes and headers begin at multiples of it. */
const alignment = 4

/** Messages of rtnetlink(7). */
export const messages = { newLink: 16, getLink: 18, newAddress: 20, newRoute: 24 } as const

/** A request: the header of its kind (struct ifinfomsg, ifaddrmsg, rtmsg), and attributes. */
export interface Request {
  readonly type: (typeof messages)[keyof typeof messages]
  /** What it asks for is made, and must not be there. */
  readonly create?: boolean
  /** What it is about, for errors. */
  readonly what: string
  readonly body: readonly Buffer[]
}

/** Asks the kernel about devices, addresses and routes of a network namespace. */
export interface Netlink extends Disposable {
  /** Gives the body of the first answer. Throws `failed` with what the kernel says. */
  ask(request: Request): Buffer
}

/** A socket in this process' network namespace, or in another one that is open. */
export function openNetlink(namespace?: number): Netlink {
  const socket = namespace === undefined ? open() : inNamespace(namespace, open)
  const answer = Buffer.alloc(16_384)
  return {
    ask({ type, create = false, what, body }) {
      const flags = NLM_F_REQUEST | NLM_F_ACK | (create ? NLM_F_CREATE | NLM_F_EXCL : 0)
      const bytes = Buffer.concat([Buffer.alloc(16), ...body])
      bytes.writeUInt32LE(bytes.length, 0)
      bytes.writeUInt16LE(type, 4)
      bytes.writeUInt16LE(flags, 6)
      sys.call('send', 'netlink', socket, bytes, bytes.length, 0)
      // The kernel has answered when `send` returns; what it tells comes before the acknowledgement.
      let told: Buffer | undefined
      for (;;) {
        const length = sys.call('recv', 'netlink', socket, answer, answer.length, 0)
        for (let at = 0; at + 16 <= length; at += align(answer.readUInt32LE(at))) {
          const message = answer.subarray(at + 16, at + answer.readUInt32LE(at))
          if (answer.readUInt16LE(at + 4) !== NLMSG_ERROR) {
            told ??= Buffer.from(message)
            continue
          }
          const error = message.readInt32LE(0)
          if (error === 0) return told ?? Buffer.alloc(0)
          const [, text = `error ${-error}`] = getSystemErrorMap().get(error) ?? []
          throw new StrakeError('failed', `${what}: ${text}`)
        }
      }
    },
    [Symbol.dispose]: () => closeSync(socket),
  }
}

function open(): number {
  return sys.call('socket', 'netlink', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)
}

function inNamespace<T>(namespace: number, body: () => T): T {
  const own = openSync('/proc/thread-self/ns/net', 'r')
  try {
    sys.call('setns', 'network namespace', namespace, CLONE_NEWNET)
    try {
      return body()
    } finally {
      sys.call('setns', 'network namespace', own, CLONE_NEWNET)
    }
  } finally {
    closeSync(own)
  }
}

/** An attribute: a number of 32 bits, a string, bytes, or attributes in it. */
export function attribute(type: number, value: number | string | Buffer | readonly Buffer[]): Buffer {
  const payload = payloadOf(value)
  const bytes = Buffer.alloc(align(4 + payload.length))
  bytes.writeUInt16LE(4 + payload.length, 0)
  bytes.writeUInt16LE(type, 2)
  payload.copy(bytes, 4)
  return bytes
}

function payloadOf(value: number | string | Buffer | readonly Buffer[]): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return bytes
  }
  if (typeof value === 'string') return Buffer.from(`${value}\0`)
  return Buffer.isBuffer(value) ? value : Buffer.concat(value as readonly Buffer[])
}

function align(length: number): number {
  return Math.ceil(length / alignment) * alignment
}
