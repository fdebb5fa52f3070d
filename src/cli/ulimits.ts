import type { Ulimit } from '../engine/mod.ts'
import { StrakeError } from '../lib/mod.ts'

/** Those of setrlimit(2), as bash and docker call them. */
const ulimitNames = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
]

/** The values of `--ulimit`: `name=soft[:hard]`, the last one of each name, by name. Throws `invalid` in docker's words. */
export function ulimitsOf(values: readonly string[]): Ulimit[] {
  const ulimits = values.map(ulimit).toReversed()
  return ulimitNames.flatMap((wanted) => ulimits.find(({ name }) => name === wanted) ?? [])
}

function ulimit(value: string): Ulimit {
  const problem = (why: string, hint = 'Write it as nofile=1024 or nofile=1024:4096; -1 is no limit.') =>
    new StrakeError('invalid', `invalid argument ${JSON.stringify(value)} for "--ulimit" flag: ${why}`, { hint })
  const equals = value.indexOf('=')
  const [name, text] = [value.slice(0, equals), value.slice(equals + 1)]
  if (equals < 0) throw problem(`invalid ulimit argument: ${value}`)
  if (!ulimitNames.includes(name))
    throw problem(`invalid ulimit type: ${name}`, `It is one of ${ulimitNames.join(', ')}.`)
  const limits = text.split(':')
  if (limits.length > 2)
    throw problem(`too many limit value arguments - ${text}, can only have up to two, \`soft[:hard]\``)
  const count = (limit: string) => {
    if (/^[+-]?\d{1,15}$/.test(limit)) return Number(limit)
    throw problem(`${JSON.stringify(limit)} is not a number`)
  }
  const soft = count(limits[0]!)
  const hard = limits[1] ? count(limits[1]) : soft
  const above = hard >= 0 && (soft < 0 || soft > hard)
  if (above) throw problem(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`)
  return { name, soft, hard }
}
