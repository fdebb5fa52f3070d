import { checkDocument, type Dockerfile, type Document } from '../dockerfile/mod.ts'
import type { Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { factsOf } from './base-facts.ts'
import type { OpenedContext } from './context/open.ts'
import { targetsOf } from './frontend/plan.ts'
import type { BuildOptions } from './types.ts'

/** Docker's build checks, as events. Throws `invalid` where the Dockerfile asks for that with `# check=error=true`. */
export function warn(
  {
    document,
    dockerfile,
    context,
  }: { readonly document: Document; readonly dockerfile: Dockerfile; readonly context: OpenedContext['source'] },
  images: Images,
  options: BuildOptions,
): void {
  const { buildArgs = {}, buildContexts, progress = () => {} } = options
  // One look tells: findings that depend on the platform are those of the first.
  const [platform] = [options.platform ?? []].flat()
  const base = (name: string) => factsOf(images, name, buildContexts)
  const ignore = context.tree.ignore?.patterns ?? []
  const targets = targetsOf(options).map((name) => name ?? '')
  const checks = { buildArgs, base, targets, ignore, ...(platform && { platform }) }
  const { findings, failure } = checkDocument(document, dockerfile, checks)
  const source = findings.length > 0 ? { source: dockerfile.text } : {}
  for (const { level, rule, message, description, url, range } of findings) {
    if (level === 'warning') progress({ kind: 'check', rule, message, description, url, range, ...source })
  }
  if (failure === undefined) return
  throw new StrakeError('invalid', failure, {
    hint: 'The Dockerfile asks for it: # check=error=true. Put right what the warnings name, or skip a rule: # check=skip=RULE;error=true',
  })
}
