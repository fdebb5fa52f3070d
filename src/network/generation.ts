import { closeSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { sys } from '../host/mod.ts'
import { errno } from '../lib/mod.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const NETLINK_NETFILTER = 12
const NLM_F_REQUEST = 1
/** The subsystem nftables, 10, in the high byte (linux/netfilter/nf_tables.h). */
const NFT_MSG_NEWGEN = 0x0a0f
const NFT_MSG_GETGEN = 0x0a10

/**
 * What names the state of all nftables rules of this network namespace: the kernel counts each change, by whomever.
 * Undefined where the kernel does not tell.
 */
function generation(): number | undefined {
  const fd = sys.call('socket', 'netlink', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)
  try {
    // nlmsghdr (netlink(7)) and an empty nfgenmsg, in this machine's order.
    const request = Buffer.alloc(20)
    request.writeUInt32LE(request.length, 0)
    request.writeUInt16LE(NFT_MSG_GETGEN, 4)
    request.writeUInt16LE(NLM_F_REQUEST, 6)
    sys.call('send', 'netlink', fd, request, request.length, 0)
    // The kernel has answered when `send` returns.
    const answer = Buffer.alloc(256)
    const length = sys.call('recv', 'netlink', fd, answer, answer.length, 0)
    // Its first attribute is NFTA_GEN_ID, a number of network byte order.
    return length >= 28 && answer.readUInt16LE(4) === NFT_MSG_NEWGEN ? answer.readUInt32BE(24) : undefined
  } catch (error) {
    if (errno(error)) return undefined
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * Notes, in a file, that the rules stood at some generation, and what they were: as long as it is the same one, nothing need be looked at,
 * and at another one looking is enough where they still are the same. Setting them takes the kernel 15 ms.
 */
export function rulesNote(file: string) {
  const network = readlinkSync('/proc/self/ns/net')
  const read = (): Note | undefined => {
    const [namespace, number, rules] = readNote(file)?.split(' ') ?? []
    return namespace === network ? { generation: Number(number), rules: rules || undefined } : undefined
  }
  const write = ({ generation, rules = '' }: Note) => writeFileSync(file, `${network} ${generation} ${rules}`)
  return {
    /** Whether nobody has changed any rule since the note was made. */
    stands(): boolean {
      const now = generation()
      return now !== undefined && read()?.generation === now
    },
    /** Whether the rules are those of the note, which is brought up to date then. `look` gives a digest of them, if they stand. */
    async stillStands(look: () => Promise<string | undefined>): Promise<boolean> {
      const [before, noted] = [generation(), read()?.rules]
      if (before === undefined || noted === undefined || (await look()) !== noted) return false
      write({ generation: before, rules: noted })
      return true
    },
    /**
     * Runs `change`, which gives the number of transactions it made, and notes the result, unless others made some meanwhile. With `look`,
     * also what the rules are then.
     */
    async settle(change: () => Promise<number>, look?: () => Promise<string | undefined>): Promise<void> {
      const before = generation()
      const count = await change()
      const rules = await look?.()
      if (before !== undefined && generation() === before + count) write({ generation: before + count, rules })
    },
  }
}

interface Note {
  readonly generation: number
  /** A digest; undefined where nobody has looked. */
  readonly rules: string | undefined
}

function readNote(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined
    throw error
  }
}
