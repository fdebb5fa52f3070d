import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDirectory, sys } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { places } from './places.ts'
import type { Container, Context } from './types.ts'

const AF_UNIX = 1
const SOCK_SEQPACKET = 5
const SOCK_CLOEXEC = 0o2000000
const SHUT_WR = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** conmon reads at most so much of a packet and drops the rest. */
const packetSize = 8192

/** The standard input of a container, through conmon's attach socket. */
export interface Input extends Disposable {
  /** Resolves when conmon has room for all of it; false when the container takes no more. */
  write(bytes: Uint8Array): Promise<boolean>
  /** End of file. With `stdinOnce` it reaches the container. */
  end(): void
  /**
   * Takes off what conmon sends: the output, which is read from the log. To be called whenever the log has grown,
   * since conmon waits for slow clients, and the container for conmon.
   */
  drain(): void
}

/** Connects to a container that was created with `interactive`. Throws `conflict` when it does not run. */
export function openInput({ store }: Context, { id, name }: Container): Input {
  const { directory } = places(store, id)
  const socket = sys.call('socket', directory, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)
  const handle = openDirectory(directory)
  try {
    // The path of a socket has at most 107 bytes.
    const path = `/proc/self/fd/${handle}/attach`
    const address = Buffer.alloc(2 + path.length + 1)
    address.writeUInt16LE(AF_UNIX)
    address.write(path, 2)
    sys.call('connect', `${directory}/attach`, socket, address, address.length)
  } catch (error) {
    closeSync(socket)
    if (errno(error) !== 'ENOENT' && errno(error) !== 'ECONNREFUSED') throw error
    throw new StrakeError('conflict', `container ${name} is not running`, { cause: error })
  } finally {
    closeSync(handle)
  }
  const scratch = Buffer.allocUnsafe(packetSize + 1)
  let isOpen = true

  const drain = () => {
    while (isOpen) if (tryCall('recv', socket, scratch, scratch.length, MSG_DONTWAIT) !== 'some') return
  }
  return {
    async write(bytes) {
      for (let start = 0; start < bytes.length; start += packetSize) {
        const packet = bytes.subarray(start, start + packetSize)
        for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
          if (!isOpen) return false
          const result = tryCall('send', socket, packet, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL)
          if (result === 'closed') return false
          if (result === 'some') break
          drain()
          await sleep(pause)
        }
      }
      return true
    },
    end() {
      if (isOpen) tryCall('shutdown', socket, SHUT_WR)
    },
    drain,
    [Symbol.dispose]() {
      if (isOpen) closeSync(socket)
      isOpen = false
    },
  }
}

function tryCall(name: 'recv' | 'send' | 'shutdown', ...args: unknown[]): 'some' | 'later' | 'closed' {
  try {
    return sys.call(name, '', ...args) > 0 ? 'some' : 'closed'
  } catch (error) {
    const code = errno(error) ?? ''
    if (code === 'EAGAIN' || code === 'EINTR') return 'later'
    if (['EPIPE', 'ECONNRESET', 'ENOTCONN'].includes(code)) return 'closed'
    throw error
  }
}

export interface Size {
  readonly rows: number
  readonly columns: number
}

const FIONREAD = 0x541b

/**
 * Tells a container's terminal how large the person's is. Does nothing when the container has ended.
 *
 * @returns false when it can't be told yet, since the monitor has not read what it was told before: of two that come
 * together, conmon takes the first one twice
 */
export function resizeTerminal({ store }: Context, { id }: Container, { rows, columns }: Size): boolean {
  try {
    const fd = openSync(places(store, id).control, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      const unread = new Int32Array(1)
      sys.call('ioctl', 'fifo', fd, FIONREAD, unread)
      if (unread[0]! > 0) return false
      // conmon's fifo takes lines of `1 HEIGHT WIDTH`.
      writeSync(fd, `1 ${rows} ${columns}\n`)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (!['ENOENT', 'ENXIO', 'EPIPE', 'EAGAIN'].includes(errno(error) ?? '')) throw error
  }
  return true
}
