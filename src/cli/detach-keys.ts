import { StrakeError } from '../lib/mod.ts'

/** Keys such as `ctrl-p,ctrl-q` or `a`, as the bytes that a terminal sends. Throws `invalid` in docker's words. */
export function parseDetachKeys(text: string): Uint8Array {
  const bytes = text.split(',').map((key) => {
    const [, control] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? []
    if (control) return control.toUpperCase().charCodeAt(0) - 64
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0)
    throw new StrakeError('invalid', `invalid detach keys (${text}): Unknown character: '${key}'`, {
      hint: 'Write them as ctrl-p,ctrl-q or as single letters.',
    })
  })
  return Uint8Array.from(bytes)
}

/** Looks for keys in what is typed, however it is cut up. What may be their beginning is kept back until that is clear. */
export function detachScanner(keys: Uint8Array): (chunk: Uint8Array) => { pass: Uint8Array; detach: boolean } {
  let matched = 0
  return (chunk) => {
    const pass: number[] = []
    for (const byte of chunk) {
      if (byte === keys[matched]) {
        if (++matched === keys.length) return { pass: Uint8Array.from(pass), detach: true }
        continue
      }
      pass.push(...keys.subarray(0, matched))
      matched = byte === keys[0] ? 1 : 0
      if (matched === 0) pass.push(byte)
    }
    return { pass: Uint8Array.from(pass), detach: false }
  }
}
