import { isIP } from 'node:net'
import type { PortMapping } from '../network/mod.ts'

/** `0.0.0.0:5000`, `[::]:5000`. */
export function hostAddress({ hostIp, hostPort }: PortMapping): string {
  return isIP(hostIp) === 6 ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`
}

/** The ports column of `ps`: `0.0.0.0:5000->5000/tcp, 9000/tcp`, with runs of neighbours as ranges. */
export function portsText(published: readonly PortMapping[], exposed: readonly string[]): string {
  const runs: { ip: string; protocol: string; host: number | undefined; container: number; count: number }[] = []
  const add = (ip: string, protocol: string, host: number | undefined, container: number) => {
    const last = runs.at(-1)
    const follows =
      last !== undefined &&
      last.ip === ip &&
      last.protocol === protocol &&
      last.container + last.count === container &&
      (host === undefined ? last.host === undefined : last.host !== undefined && last.host + last.count === host)
    if (follows) last.count++
    else runs.push({ ip, protocol, host, container, count: 1 })
  }
  const sorted = published.toSorted(
    (a, b) =>
      compare(a.protocol, b.protocol) ||
      compare(a.hostIp, b.hostIp) ||
      a.containerPort - b.containerPort ||
      a.hostPort - b.hostPort,
  )
  for (const port of sorted) add(port.hostIp, port.protocol, port.hostPort, port.containerPort)
  const known = new Set(published.map((port) => `${port.containerPort}/${port.protocol}`))
  const rest = exposed.filter((text) => !known.has(text)).map((text) => text.split('/') as [string, string])
  for (const [port, protocol] of rest.sort((a, b) => compare(a[1], b[1]) || Number(a[0]) - Number(b[0]))) {
    add('', protocol, undefined, Number(port))
  }
  return runs.map(runText).join(', ')
}

function runText(run: {
  ip: string
  protocol: string
  host: number | undefined
  container: number
  count: number
}): string {
  const range = (from: number) => (run.count === 1 ? `${from}` : `${from}-${from + run.count - 1}`)
  const inside = `${range(run.container)}/${run.protocol}`
  if (run.host === undefined) return inside
  return `${isIP(run.ip) === 6 ? `[${run.ip}]` : run.ip}:${range(run.host)}->${inside}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
