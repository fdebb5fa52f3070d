export type { ChainId, DiffId, Digest } from './digest.ts'
export { chain, chainOf, digestOf, hex, isDigest, parseDigest } from './digest.ts'
export { formatPlatform, forThisMachine, parsePlatform, platformMatches } from './platform.ts'
export type { Reference } from './reference.ts'
export { familiarName, familiarString, isRepository, isTag, parseReference, referenceString } from './reference.ts'
export type {
  ContainerConfig,
  Descriptor,
  Healthcheck,
  History,
  ImageConfig,
  Index,
  Manifest,
  Platform,
} from './types.ts'
export { hostPlatform, isImageType, isIndexType, mediaTypes } from './types.ts'
