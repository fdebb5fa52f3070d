import { StrakeError } from '../../lib/mod.ts'

/** What `--chmod` asks for. Modes are permission bits with setuid, setgid and sticky (07777). */
export interface Chmod {
  /** The mode that a file or directory gets. */
  change(mode: number, directory: boolean): number
  /** Where it is given as a number. */
  readonly octal?: number
}

const clause = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/

/** `--chmod`: octal, or symbolic as chmod(1) reads it (`u+x,go=`). Throws `invalid`. */
export function parseChmod(text: string): Chmod {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8)
    if (mode > 0o7777) throw invalid(text)
    return { change: () => mode, octal: mode }
  }
  const changes = text.split(',').flatMap((part) => {
    const [, who = '', actions = ''] = clause.exec(part) ?? []
    if (actions === '') throw invalid(text)
    const whom = who === '' || who.includes('a') ? 'ugo' : who
    return [...actions.matchAll(/([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g)].map(([, sign, what]) => ({
      whom,
      sign,
      what: what!,
    }))
  })
  return { change: (mode, directory) => changes.reduce((bits, change) => apply(bits, directory, change), mode) }
}

const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }

function apply(
  mode: number,
  directory: boolean,
  { whom, sign, what }: { whom: string; sign: string | undefined; what: string },
): number {
  let bits = mode
  for (const who of whom) {
    const shift = shifts[who]!
    const special = { u: 0o4000, g: 0o2000, o: 0 }[who]!
    let wanted = 0
    if (what in shifts) wanted = ((mode >> shifts[what]!) & 7) << shift
    else {
      if (what.includes('r')) wanted |= 4 << shift
      if (what.includes('w')) wanted |= 2 << shift
      if (what.includes('x') || (what.includes('X') && (directory || mode & 0o111))) wanted |= 1 << shift
      if (what.includes('s')) wanted |= special
      if (what.includes('t') && who === 'o') wanted |= 0o1000
    }
    if (sign === '+') bits |= wanted
    else if (sign === '-') bits &= ~wanted
    else bits = (bits & ~((7 << shift) | special)) | wanted
  }
  return bits
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
