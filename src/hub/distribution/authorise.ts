import { printChallenge, printScope } from '../../registry/mod.ts'
import { type Action, granted, rights } from '../access/rights.ts'
import type { Call } from '../http/call.ts'
import { failure, type Reply } from '../http/reply.ts'
import type { HubData } from '../hub.ts'
import { library, matchesPattern, namespaceOf } from '../names.ts'

/** What Bearer tokens are given for. */
export const service = 'strake-hub'

/**
 * Checks that the call may do something with a repository. Undefined where it may.
 *
 * Whether a repository that somebody may not see is there shows in nothing: nobody is asked to sign in, and who has is told that
 * there is none.
 */
export async function authorise(
  data: HubData,
  call: Call,
  { repository, action }: { readonly repository: string; readonly action: Exclude<Action, 'manage'> },
): Promise<Reply | undefined> {
  const { principal } = call
  const may = await rights(data, principal, repository)
  const needed = action === 'push' ? ['pull', 'push'] : [action]
  const scope = printScope({ type: 'repository', name: repository, actions: needed })
  if (may.has(action)) return granted(principal, repository, action) ? undefined : challenge(call, scope, true)
  if (principal.user === undefined) return challenge(call, scope, principal.grants !== undefined)
  if (action === 'push') return failure('DENIED', await pushDenied(data, call, repository))
  if (may.has('pull')) return failure('DENIED', `${action} of ${repository} is not allowed to ${principal.user}`)
  return failure('NAME_UNKNOWN', `repository ${repository} does not exist, or you may not see it`)
}

/** Asks for a Bearer token (distribution-spec; RFC 6750, 3). */
export function challenge(call: Call, scope?: string, insufficient = false): Reply {
  const parameters = {
    realm: `${call.origin}/token`,
    service,
    ...(scope !== undefined && { scope }),
    ...(insufficient && { error: 'insufficient_scope' }),
  }
  return failure('UNAUTHORIZED', undefined, { headers: { 'www-authenticate': printChallenge('Bearer', parameters) } })
}

/** Why, and what would work, for clients that show no more than the message. */
async function pushDenied(data: HubData, { origin, principal }: Call, repository: string): Promise<string> {
  const host = origin.replace(/^https?:\/\//, '')
  const namespace = namespaceOf(repository)
  const name = repository.slice(namespace.length + 1)
  const { user, token } = principal
  const own = `${host}/${user}/${name}`
  const limited = token?.repositories && !token.repositories.some((pattern) => matchesPattern(repository, pattern))
  if (limited) {
    return `the access token that you signed in with is for ${token.repositories.join(', ')}, and not for ${repository}`
  }
  if (token?.scope === 'read') {
    return 'the access token that you signed in with has the scope "read": it may pull, and may not push. One of the scope "write" may'
  }
  if (namespace === library) {
    return (
      `"${name}" has no namespace: "${library}/${name}" is for administrators. Push below your own name: ` +
      `docker tag ${host}/${name} ${own} && docker push ${own}`
    )
  }
  const role = user === undefined ? undefined : await data.accounts.role(namespace, user)
  if (role) return `${user} is a ${role} of "${namespace}": to push takes the role "writer", which its owners give`
  if ((await data.accounts.namespace(namespace))?.kind === 'mirror') {
    return `"${namespace}" is a copy of another registry: nobody pushes there`
  }
  // Whether the name is an account's is nobody else's business.
  return `"${namespace}" is neither your own namespace nor an organisation of yours. Push below your own name: ${own}`
}
