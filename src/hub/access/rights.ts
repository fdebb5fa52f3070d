import type { Scope } from '../../registry/mod.ts'
import type { Accounts } from '../metadata/accounts.ts'
import type { Repositories } from '../metadata/repositories.ts'
import { matchesPattern, namespaceOf, repositoryName } from '../names.ts'
import type { Role, Token, TokenScope, Viewer } from '../types.ts'

/** What can be done with a repository: the words of the protocol, and `manage` for its settings and README. */
export type Action = 'pull' | 'push' | 'delete' | 'manage'

/** Who asks. */
export interface Principal {
  /** Undefined for somebody who has not signed in. */
  readonly user: string | undefined
  readonly admin: boolean
  /** What they came with, if not with their password: it may allow less than the user may. */
  readonly token: Pick<Token, 'id' | 'scope' | 'repositories' | 'kind' | 'expiresAt'> | undefined
  /** What a Bearer token was given for. Undefined where there is no such limit. */
  readonly grants: readonly Scope[] | undefined
}

export const anonymous: Principal = { user: undefined, admin: false, token: undefined, grants: undefined }

const all: readonly Action[] = ['pull', 'push', 'delete', 'manage']
const byRole: Readonly<Record<Role, readonly Action[]>> = {
  reader: ['pull'],
  writer: ['pull', 'push'],
  owner: all,
}
const byScope: Readonly<Record<TokenScope, readonly Action[]>> = {
  read: ['pull'],
  write: ['pull', 'push'],
  delete: ['pull', 'push', 'delete'],
}

/**
 * What somebody may do with a repository, be it there or not. Bearer tokens' grants are not looked at: see `granted`.
 *
 * Everybody may pull what is public. A user may do everything below their own name, members of an organisation what their role
 * says, administrators everything. A mirror has nothing that its upstream doesn't: nobody pushes there.
 */
export async function rights(
  { accounts, repositories }: { readonly accounts: Accounts; readonly repositories: Repositories },
  { user, admin, token }: Principal,
  repository: string,
): Promise<ReadonlySet<Action>> {
  const name = namespaceOf(repository)
  const namespace = await accounts.namespace(name)
  if (!namespace) return new Set()
  const mirror = namespace.kind === 'mirror'
  const visibility = (await repositories.find(repository))?.visibility ?? (mirror ? 'public' : 'private')
  const open: readonly Action[] = visibility === 'public' ? ['pull'] : []
  const own = await ownRights()
  const limited = token?.repositories && !token.repositories.some((pattern) => matchesPattern(repository, pattern))
  const scope = token && token.kind !== 'session' ? byScope[token.scope] : all
  const allowed = limited ? [] : own.filter((action) => scope.includes(action))
  return new Set([...open, ...allowed].filter((action) => !(mirror && action === 'push')))

  async function ownRights(): Promise<readonly Action[]> {
    if (user === undefined) return []
    if (admin || name === user) return all
    const role = await accounts.role(name, user)
    return role ? byRole[role] : []
  }
}

/** Who somebody is to lists: a token shows no name that it does not open. */
export function viewerOf({ user, admin, token, grants }: Principal): Viewer {
  const listing = grants?.some(({ type, name }) => type === 'registry' && name === 'catalog') ?? true
  return listing ? { user, admin, repositories: token?.repositories } : { user: undefined, admin: false }
}

/** Whether the Bearer token that somebody came with, if one, was given for the action. */
export function granted({ grants }: Principal, repository: string, action: Action): boolean {
  if (!grants) return true
  return grants.some(
    ({ type, name, actions }) =>
      type === 'repository' && repositoryName(name) === repository && actions.includes(action),
  )
}
