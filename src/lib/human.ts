const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes as docker prints sizes: decimal units, at most `digits` significant digits (`28.2MB`, `0B`). */
export function bytes(count: number, digits = 3): string {
  let unit = 0
  let value = count
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`
}

const binaryUnits: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
}

/** `512m`, `1.5g`, `64kb`: bytes, in docker's binary units (go-units RAMInBytes). Undefined for another text. */
export function byteCount(text: string): number | undefined {
  const [, count, unit = 'b'] = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text) ?? []
  return count === undefined ? undefined : Math.floor(Number(count) * binaryUnits[unit.toLowerCase()]!)
}

/** Seconds as people read them while they wait: `0.3s`, `12.4s`, `3m05s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}s`
  return `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`
}

/** How long ago, in docker's words (go-units HumanDuration): `About a minute`, `3 weeks`. */
export function since(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60 + 0.5)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}
