/** What both sides of the distribution protocol share: reading and printing, without any connection. */
export type { Challenge, Scope } from './challenge.ts'
export { parseChallenges, parseScope, printChallenge, printScope } from './challenge.ts'
export type { RegistryError, RegistryErrorCode } from './errors.ts'
export { errorBody, errorCodes, readErrors } from './errors.ts'
export type { ByteRange } from './headers.ts'
export {
  parseContentRange,
  parseLink,
  parseRange,
  parseRetryAfter,
  parseUploadRange,
  printContentRange,
  printLink,
  printUploadRange,
} from './headers.ts'
export type { ParsedManifest } from './manifest.ts'
export { parseDocument, parseManifest, readDescriptor } from './manifest.ts'
export {
  emptyType,
  foreignLayerTypes,
  manifestTypes,
  maxManifestSize,
} from './media-types.ts'
