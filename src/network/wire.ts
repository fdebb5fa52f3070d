import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { wireName } from './addresses.ts'
import { parseAddress, size, subnetOf } from './ipv4.ts'
import { attribute, messages, type Netlink, openNetlink } from './netlink.ts'
import { routes } from './routes.ts'
import type { Endpoint } from './types.ts'

const AF_INET = 2
const AF_INET6 = 10
const IFF_UP = 1
/** Attributes of links (linux/if_link.h), addresses (linux/if_addr.h) and routes (linux/rtnetlink.h). */
const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, AF_SPEC: 26, NET_NS_FD: 28 } as const
const IFLA_INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 } as const
const IFLA_BRPORT_MODE = 4
const IFLA_INET6_ADDR_GEN_MODE = 8
const IN6_ADDR_GEN_MODE_NONE = 1
const VETH_INFO_PEER = 1
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const
const RTA = { OIF: 4, GATEWAY: 5 } as const
const [RT_TABLE_MAIN, RTPROT_BOOT, RTN_UNICAST] = [254, 3, 1]
const loopback = 1

/**
 * Wires a network namespace to a bridge with a pair of devices, one end in each, and gives it its address and route. Netlink,
 * because the programs that speak it would take ten times as long to start.
 */
export function wire(bridge: string, netns: string, endpoint: Endpoint): void {
  const namespace = openSync(netns, 'r')
  try {
    using outside = openNetlink()
    using inside = openNetlink(namespace)
    pair(outside, bridge, namespace, endpoint)
    configure(inside, endpoint)
  } finally {
    closeSync(namespace)
  }
}

function pair(outside: Netlink, bridge: string, namespace: number, { address, mac }: Endpoint): void {
  const device = wireName(address)
  const mtu = attribute(IFLA.MTU, outsideMtu())
  const peer = [
    link(),
    attribute(IFLA.IFNAME, 'eth0'),
    mtu,
    attribute(IFLA.ADDRESS, Buffer.from(mac.replaceAll(':', ''), 'hex')),
    attribute(IFLA.NET_NS_FD, namespace),
  ]
  const kind = [attribute(IFLA_INFO.KIND, 'veth'), attribute(IFLA_INFO.DATA, [attribute(VETH_INFO_PEER, peer)])]
  const master = attribute(IFLA.MASTER, indexOf(outside, bridge))
  const named = attribute(IFLA.IFNAME, device)
  outside.ask({
    type: messages.newLink,
    create: true,
    what: `can't make the device ${device}`,
    body: [link(), named, mtu, master, attribute(IFLA.LINKINFO, kind)],
  })
  // For a container that calls its own published port: with br_netfilter, the packet turns round in the bridge.
  const hairpin = attribute(IFLA_BRPORT_MODE, Buffer.of(1))
  const port = [attribute(IFLA_INFO.SLAVE_KIND, 'bridge'), attribute(IFLA_INFO.SLAVE_DATA, [hairpin])]
  outside.ask({
    type: messages.newLink,
    what: `can't set the device ${device} up`,
    body: [link({ up: true }), named, attribute(IFLA.LINKINFO, port), ...noLinkLocal()],
  })
}

function configure(inside: Netlink, { address, prefix, gateway }: Endpoint): void {
  const what = `can't configure the network of ${address}`
  const index = indexOf(inside, 'eth0')
  inside.ask({ type: messages.newLink, what, body: [link({ index: loopback, up: true })] })
  const subnet = subnetOf(parseAddress(address)!, prefix)
  const addressHeader = Buffer.from([AF_INET, prefix, 0, 0, 0, 0, 0, 0])
  addressHeader.writeUInt32LE(index, 4)
  const own = bytesOf(parseAddress(address)!)
  const broadcast = bytesOf(subnet.base + size(subnet) - 1)
  inside.ask({
    type: messages.newAddress,
    create: true,
    what,
    body: [addressHeader, attribute(IFA.LOCAL, own), attribute(IFA.ADDRESS, own), attribute(IFA.BROADCAST, broadcast)],
  })
  inside.ask({ type: messages.newLink, what, body: [link({ index, up: true }), ...noLinkLocal()] })
  // struct rtmsg: a route to everywhere (no bits of the destination count).
  const route = Buffer.from([AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0])
  const by = [attribute(RTA.GATEWAY, bytesOf(parseAddress(gateway)!)), attribute(RTA.OIF, index)]
  inside.ask({ type: messages.newRoute, create: true, what, body: [route, ...by] })
}

function indexOf(netlink: Netlink, device: string): number {
  const body = [link(), attribute(IFLA.IFNAME, device)]
  return netlink.ask({ type: messages.getLink, what: `can't find the device ${device}`, body }).readInt32LE(4)
}

/** struct ifinfomsg */
function link({ index = 0, up = false } = {}): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt32LE(up ? IFF_UP : 0, 8)
  bytes.writeUInt32LE(up ? IFF_UP : 0, 12)
  return bytes
}

/** Keeps IPv6 from giving a device an address. A kernel without IPv6 (ipv6.disable=1) refuses even that. */
function noLinkLocal(): Buffer[] {
  if (!existsSync('/proc/net/if_inet6')) return []
  const mode = attribute(IFLA_INET6_ADDR_GEN_MODE, Buffer.of(IN6_ADDR_GEN_MODE_NONE))
  return [attribute(IFLA.AF_SPEC, [attribute(AF_INET6, [mode])])]
}

/** Packets that are too long for the way out would be lost where somebody filters ICMP. */
function outsideMtu(): number {
  const way = routes().find(({ prefix }) => prefix === 0)
  return way ? Number(readFileSync(`/sys/class/net/${way.device}/mtu`, 'latin1')) : 1500
}

/** An IPv4 address as it goes over the wire. */
function bytesOf(address: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(address)
  return bytes
}
