import { createHash } from 'node:crypto'
import { exec, execChecked } from '../host/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { Allocation } from './addresses.ts'
import { formatSubnet, type Subnet } from './ipv4.ts'

/**
 * Leads published ports to their containers, and makes sure that all other rules of the bridge stand.
 *
 * Hooking chains into the kernel takes 15 ms, so that is only done where the table is not there: at first, or after
 * somebody flushed the rules of this machine.
 *
 * @returns how many transactions of nftables that took
 */
export async function setRules(bridge: string, subnet: Subnet, allocations: readonly Allocation[]): Promise<number> {
  const ports = destinations(allocations)
  const rules = ports.map((rule) => `add rule ip ${bridge} ports ${rule}\n`)
  const { exitCode } = await exec('nft', ['-f', '-'], { input: `flush chain ip ${bridge} ports\n${rules.join('')}` })
  if (exitCode !== 0) await nft(ruleset(bridge, subnet, ports))
  return 1
}

function destinations(allocations: readonly Allocation[]): string[] {
  const leads = allocations.flatMap(({ address, ports }) =>
    ports.map(({ protocol, hostIp, hostPort, containerPort }) => {
      const destination = hostIp === '0.0.0.0' ? '' : `ip daddr ${hostIp} `
      return `${destination}${protocol} dport ${hostPort} dnat to ${address}:${containerPort}`
    }),
  )
  // So that setting them is a change always, which the kernel counts.
  return ['counter', ...leads]
}

/**
 * All rules of a bridge, as a script that replaces the bridge's own table in one step, whatever was there.
 *
 * - what leaves the subnet takes the address of the host
 * - published ports lead to their containers: from outside, from the host (its loopback included: what comes from
 *   127.0.0.1 must take an address that the container can answer to) and from containers, by the host's addresses
 * - nothing else from outside reaches a container, and a container does not reach the host's loopback
 */
function ruleset(bridge: string, subnet: Subnet, ports: readonly string[]): string {
  const net = formatSubnet(subnet)
  return `
table ip ${bridge} {}
delete table ip ${bridge}
table ip ${bridge} {
  chain ports {
    ${ports.join('\n    ')}
  }
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    iifname "${bridge}" ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump ports
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump ports
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${net} oifname != "${bridge}" masquerade
    ip saddr ${net} oifname "${bridge}" ct status dnat masquerade
    ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" iifname "${bridge}" accept
    oifname "${bridge}" ct status dnat accept
    oifname "${bridge}" drop
  }
}
`
}

/** Takes the bridge's own table away. */
export async function removeRules(bridge: string): Promise<void> {
  await nft(`table ip ${bridge} {}\ndelete table ip ${bridge}\n`)
}

/** Feeds a script to nft: all of it takes effect, or nothing. */
async function nft(script: string): Promise<void> {
  try {
    await execChecked('nft', ['-f', '-'], { input: script })
  } catch (error) {
    if (!(error instanceof StrakeError) || error.code !== 'failed') throw error
    const hint = 'Containers can still use the host’s network: --network host'
    throw new StrakeError('unsupported', `the firewall rules of the bridge can't be set: ${error.message}`, {
      hint,
      cause: error,
    })
  }
}

/**
 * Lets the bridge's packets pass where iptables drops what it does not know, as it does on hosts with Docker or ufw. What
 * a chain of ours accepts, another chain may still drop: the rules must stand in that one.
 *
 * @returns how many transactions of nftables that took
 */
export async function passIptables(bridge: string): Promise<number> {
  for (const chain of ['DOCKER-USER', 'FORWARD']) {
    const { exitCode, stdout } = await exec('nft', ['list', 'chain', 'ip', 'filter', chain])
    if (exitCode !== 0) continue
    const missing = ['iifname', 'oifname'].filter((side) => !stdout.includes(`${side} "${bridge}"`))
    if (missing.length === 0) return 0
    // The counter makes them what iptables itself would have written.
    await nft(missing.map((side) => `insert rule ip filter ${chain} ${side} "${bridge}" counter accept\n`).join(''))
    return 1
  }
  return 0
}

/** A digest of the bridge's own table. Undefined where there is none. */
export async function lookAtRules(bridge: string): Promise<string | undefined> {
  const { exitCode, stdout } = await exec('nft', ['--stateless', 'list', 'table', 'ip', bridge])
  return exitCode === 0 ? createHash('sha256').update(stdout).digest('hex') : undefined
}

/** Takes the rules of `passIptables` away. */
export async function forgetIptables(bridge: string): Promise<void> {
  for (const chain of ['DOCKER-USER', 'FORWARD']) {
    const { stdout } = await exec('nft', ['--handle', 'list', 'chain', 'ip', 'filter', chain])
    const handles = [...stdout.matchAll(/[io]ifname "([^"]+)".*# handle (\d+)/g)].filter(([, name]) => name === bridge)
    if (handles.length)
      await nft(handles.map(([, , handle]) => `delete rule ip filter ${chain} handle ${handle}\n`).join(''))
  }
}
