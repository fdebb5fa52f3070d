import { StrakeError } from '../lib/mod.ts'

/** Throws `denied` for other users: layers hold files of every owner, and mounts and namespaces are root's. */
export function requireRoot(doing: string): void {
  if (process.geteuid?.() === 0) return
  throw new StrakeError('denied', `${doing} needs root`, {
    hint: 'Run it as root: sudo strake …',
  })
}
