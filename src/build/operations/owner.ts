import { type ProgressSink, StrakeError } from '../../lib/mod.ts'
import { resolveUser } from '../../runtime/mod.ts'
import type { Owner } from './entry-maker.ts'

/**
 * An owner as Docker reads it: `user`, `user:group`, names or numbers; a number alone stands for both, a name alone for
 * the user with its primary group. Names are looked up in the root file system. One that is not there means root, as it
 * does for Docker, which does not tell; here a warning does, that begins with `what` names it.
 */
export function resolveOwner(root: string, owner: string, what: string, progress: ProgressSink): Owner {
  const [user = '', group, ...more] = owner.split(':')
  const lookup = (spec: string): Owner => {
    try {
      return resolveUser(root, spec)
    } catch (error) {
      if (!(error instanceof StrakeError) || error.code !== 'invalid') throw error
      progress({
        kind: 'notice',
        level: 'warning',
        message: `${what}: ${error.message}; root is taken instead`,
        ...(error.hint && { hint: error.hint }),
      })
      return { uid: 0, gid: 0 }
    }
  }
  const { uid, gid } = user === '' ? { uid: 0, gid: 0 } : lookup(user)
  if (group !== undefined) return { uid, gid: group === '' ? 0 : lookup(`0:${[group, ...more].join(':')}`).gid }
  return { uid, gid: /^\d+$/.test(user) ? uid : gid }
}
