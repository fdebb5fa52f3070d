import { readFileSync } from 'node:fs'
import { StrakeError } from '../lib/mod.ts'

/** In the order of their numbers: capabilities(7). */
const all =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`)

/** What a container may do as root: Docker's fourteen. */
const defaults =
  `CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL
AUDIT_WRITE`
    .split(/\s+/)
    .map((name) => `CAP_${name}`)

interface Wanted {
  readonly privileged?: boolean | undefined
  readonly capAdd?: readonly string[] | undefined
  readonly capDrop?: readonly string[] | undefined
}

/**
 * The bounding set of a container, by docker's rules: names come with or without `CAP_`, in any case; `ALL` is all that
 * this process itself may give away. Throws `invalid` for names that do not exist.
 */
export function boundingSet({ privileged, capAdd = [], capDrop = [] }: Wanted): string[] {
  const add = capAdd.map((name) => normalise(name, 'CapAdd'))
  const drop = capDrop.map((name) => normalise(name, 'CapDrop'))
  if (privileged) return available()
  if (add.includes('ALL')) return available().filter((name) => !drop.includes(name))
  const kept = drop.includes('ALL') ? [] : defaults.filter((name) => !drop.includes(name))
  return [...new Set([...kept, ...add])]
}

function normalise(name: string, field: string): string {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return upper
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if (!all.includes(full)) throw new StrakeError('invalid', `invalid ${field}: unknown capability: "${full}"`)
  return full
}

function available(): string[] {
  const [, hex = '0'] = /^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  const set = BigInt(`0x${hex}`)
  return all.filter((_, number) => (set >> BigInt(number)) & 1n)
}
