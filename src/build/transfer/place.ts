import type { Images } from '../../images/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { type Digest, parseReference, referenceString } from '../../oci/mod.ts'
import { openLayout, type Registries, type Target } from '../../registry/mod.ts'
import type { CacheSource, CacheTarget } from './types.ts'

/** Where a cache is, or is to be. */
export interface CachePlace {
  /** As people know it: `registry.test/app:cache`, `local:/srv/cache`. */
  readonly name: string
  readonly target: Target
  /** A tag, or a digest. */
  readonly reference: string
}

/** Throws `invalid`. */
export function openPlace(
  at: CacheSource | Exclude<CacheTarget, { kind: 'inline' }>,
  {
    registries,
    access,
    images,
  }: { readonly registries: Registries; readonly access: 'pull' | 'push'; readonly images: Images },
): CachePlace {
  if (at.kind === 'registry') {
    const reference = parseReference(at.ref)
    const { registry, repository, tag, digest } = reference
    if (access === 'push' && digest) {
      throw new StrakeError('invalid', `cannot export a cache to the digest reference ${at.ref}`, {
        hint: 'Name a tag: it will point at the cache.',
      })
    }
    // Layers of bases, as a rule.
    const mountFrom = (blob: Digest) => images.repositoriesOf(blob, registry).filter((name) => name !== repository)
    const target = registries.repository(registry, repository, { access, mountFrom })
    return { name: referenceString(reference), target, reference: digest ?? tag! }
  }
  const path = 'src' in at ? at.src : at.dest
  const { tag = 'latest' } = at
  return { name: `local:${path}`, target: openLayout(path), reference: 'digest' in at ? (at.digest ?? tag) : tag }
}
