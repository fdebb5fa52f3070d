import { StrakeError } from '../lib/mod.ts'
import { familiarName, familiarString, type Reference } from '../oci/mod.ts'
import { findCredentials } from './config/credentials.ts'
import { readDockerConfig } from './config/docker-config.ts'

/** Adds to the refusal of a push the command that would work: a name in nobody's namespace is every beginner's mistake. */
export async function explainRefusedPush(
  error: StrakeError,
  reference: Reference,
  env: NodeJS.ProcessEnv,
): Promise<StrakeError> {
  const { registry, repository } = reference
  const hub = registry === 'docker.io'
  const bare = hub ? repository.replace(/^library\//, '') : repository
  const own = !bare.includes('/')
  if (error.code === 'unavailable' && error.hint === undefined && hub && own)
    return hinted(error, [elsewhere(reference, bare, env)])
  if (error.code !== 'denied' && error.code !== 'unauthorized') return error
  const credentials = await findCredentials(registry, env).catch(() => undefined)
  const login = `strake login${hub ? '' : ` ${registry}`}`
  const user = userName(credentials && 'username' in credentials ? credentials.username : undefined)
  const name = bare.slice(bare.lastIndexOf('/') + 1)
  const better = tagAndPush(reference, { ...reference, repository: `${user ?? 'USER'}/${name}` })
  const lines = credentials ? [] : [`Log in first: ${login}`]
  if (own) {
    lines.push(`${familiarName(reference)} is in nobody's namespace. Give it a name in yours, and push that:`, better)
    if (hub) lines.push(elsewhere(reference, bare, env))
  } else if (credentials && !/\bquota\b/.test(error.message)) {
    if (user !== undefined && bare.split('/')[0] !== user) lines.push(`Below your own name: ${better}`)
    lines.push(`With another account or token: ${login}`)
  }
  return hinted(error, lines)
}

function hinted(error: StrakeError, lines: readonly string[]): StrakeError {
  // Strake's hub says the same to clients that have no hints, in the words of docker.
  const message = error.message.replace(/[.,:] Push below your own name\b.*$/s, '')
  return new StrakeError(error.code, message, { hint: lines.join('\n'), cause: error })
}

/** How the image goes to another registry than Docker Hub: the one that is logged in to, if it is one. */
function elsewhere(reference: Reference, bare: string, env: NodeJS.ProcessEnv): string {
  const { auths } = readDockerConfig(env)
  const others = Object.keys(auths).filter((server) => !server.includes('docker.io'))
  const registry = others.length === 1 ? others[0]!.replace(/^https?:\/\//, '').split('/')[0]! : 'HOST'
  const [text = ''] =
    others.length === 1
      ? Buffer.from(auths[others[0]!]?.auth ?? '', 'base64')
          .toString()
          .split(':')
      : []
  const to = { ...reference, registry, repository: `${userName(text) ?? 'USER'}/${bare}` }
  return `To another registry than Docker Hub: ${tagAndPush(reference, to)}`
}

function tagAndPush(from: Reference, to: Reference): string {
  return `strake tag ${familiarString(from)} ${familiarString(to)} && strake push ${familiarString(to)}`
}

/** The name of an account where it can be that of a namespace; credential helpers keep `<token>` in its place. */
function userName(text: string | undefined): string | undefined {
  return text !== undefined && /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(text) ? text : undefined
}
