import { StrakeError } from '../../lib/mod.ts'

/** Modes are permission bits with setuid, setgid and sticky (07777). */
export interface Chmod {
  /** The new mode of a file or directory. */
  readonly change: (mode: number, directory: boolean) => number
  /** The mode of directories that are made on the way to the destination. */
  readonly made: number
}

/** The mode of directories that are made without `--chmod`. */
export const defaultDirectoryMode = 0o755

/**
 * `--chmod`: octal, or symbolic as BSD's setmode(3) reads it, without a umask (`u+x,go=rX`, `o=u-w`). Directories on the
 * way take an octal mode only, and that through a umask of 022, as BuildKit's. Throws `invalid`.
 */
export function parseChmod(text: string): Chmod {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8)
    if (mode > 0o7777) throw invalid(text)
    return { change: () => mode, made: mode & 0o755 }
  }
  if (/^\d/.test(text)) throw invalid(text)
  const steps = text.split(',').flatMap((clause) => readClause(clause) ?? fail(text))
  return {
    change: (mode, directory) => steps.reduce((bits, step) => step(bits, { mode, directory }), mode),
    made: defaultDirectoryMode,
  }
}

/** What one sign does to the bits so far; `mode` is what the file had before all of them. */
type Step = (bits: number, file: { readonly mode: number; readonly directory: boolean }) => number

const setid = 0o6000
const sticky = 0o1000
const standard = setid | 0o777
const whom: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: standard }
const permissions: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 }
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }

/** `who` and signs with what they are about: `ug+rw-x`. Undefined for what is none. */
function readClause(clause: string): Step[] | undefined {
  const [, names = '', rest = ''] = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause) ?? []
  if (rest === '') return undefined
  const who = [...names].reduce((bits, name) => bits | whom[name]!, 0)
  return [...rest.matchAll(/([-+=])([rwxXstugo]*)/g)].map(([, sign, what]) => readStep(who, sign!, what!))
}

function readStep(who: number, sign: string, what: string): Step {
  // "Others" alone have neither set-id nor sticky bits.
  const special = who === 0 || (who & ~0o007) !== 0
  let wanted = [...what].reduce((bits, letter) => bits | (permissions[letter] ?? 0), 0)
  let reach = who || standard | sticky
  if (special && what.includes('s')) wanted |= setid
  if (special && what.includes('t')) {
    wanted |= sticky
    reach |= sticky
  }
  if (sign === '-' && what.includes('X')) wanted |= 0o111
  const cleared = sign === '=' ? (who || standard) | (reach & wanted & sticky) : 0
  const copied = [...what].filter((letter) => letter in shifts)
  return (bits, { mode, directory }) => {
    let all = wanted
    for (const letter of copied) all |= ((bits >> shifts[letter]!) & 7) * 0o111
    if (sign !== '-' && what.includes('X') && (directory || mode & 0o111)) all |= 0o111
    return sign === '-' ? bits & ~(all & reach) : (bits & ~cleared) | (all & reach)
  }
}

function fail(text: string): never {
  throw invalid(text)
}

function invalid(text: string): StrakeError {
  return new StrakeError(
    'invalid',
    `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    {
      hint: 'For example --chmod=755, or --chmod=u+x,go=rX.',
    },
  )
}
