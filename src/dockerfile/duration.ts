const units: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/**
 * Reads a duration as Go's time.ParseDuration does: `1m30s`, `1.5h`, `300ms`, `0`.
 *
 * @returns nanoseconds
 * @throws RangeError with Go's words
 */
export function parseDuration(text: string): number {
  const fail = (why: string) => new RangeError(`time: ${why} duration ${JSON.stringify(text)}`)
  const [, sign = '', body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (body === '0') return 0
  if (body === '') throw fail('invalid')
  let total = 0
  let rest = body
  while (rest !== '') {
    const [, number = '', unit = ''] = /^(\d*\.?\d*)([^\d.]*)/.exec(rest) ?? []
    if (!/\d/.test(number)) throw fail('invalid')
    if (unit === '') throw fail('missing unit in')
    if (!Object.hasOwn(units, unit)) throw new RangeError(`time: unknown unit "${unit}" in duration "${text}"`)
    total += Number(number) * units[unit]!
    rest = rest.slice(number.length + unit.length)
  }
  if (total > 2 ** 63) throw fail('invalid')
  return sign === '-' ? -Math.floor(total) : Math.floor(total)
}
