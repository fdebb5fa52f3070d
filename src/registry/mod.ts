export type { Credentials } from './config/credentials.ts'
export type { BlobWatch, CopyOptions } from './copy.ts'
export { copy, copyBlob } from './copy.ts'
export type { CopyImageOptions } from './copy-image.ts'
export { copyImage } from './copy-image.ts'
export type { FindOptions, PullPolicy } from './find-or-pull.ts'
export { findOrPull } from './find-or-pull.ts'
export { openLayout } from './folders.ts'
export type { RateLimit } from './http/failure.ts'
export type { LoggedIn, LoginOptions } from './login.ts'
export { login, logout, registryName, storedUser } from './login.ts'
export type { ManifestOptions } from './manifest-list.ts'
export { annotateList, createList, inspectManifest, listDocument, pushList, removeList } from './manifest-list.ts'
export type { Packable, PackOptions } from './pack-image.ts'
export { packImage, packManifest } from './pack-image.ts'
export type { PulledImage, PullOptions } from './pull.ts'
export { pullImage, pullStatus } from './pull.ts'
export type { PushedImage, PushOptions } from './push.ts'
export { pushImage } from './push.ts'
export type { RegistriesOptions, Repository, RepositoryOptions } from './repository.ts'
export { openRegistries } from './repository.ts'
export type { FoundRepository, SearchOptions } from './search.ts'
export { searchRepositories } from './search.ts'
export { StoreBlobs } from './store-blobs.ts'
export type { Blobs, Content, Pushed, Target } from './target.ts'
export { readContent } from './target.ts'
export type { Challenge, Scope } from './wire/challenge.ts'
export { parseChallenges, parseScope, printChallenge, printScope } from './wire/challenge.ts'
export type { RegistryError, RegistryErrorCode } from './wire/errors.ts'
export { errorBody, errorCodes, readErrors } from './wire/errors.ts'
export type { ByteRange } from './wire/headers.ts'
export {
  parseContentRange,
  parseLink,
  parseRange,
  parseRetryAfter,
  parseUploadRange,
  printContentRange,
  printLink,
  printUploadRange,
} from './wire/headers.ts'
export type { ParsedManifest } from './wire/manifest.ts'
export { parseDocument, parseManifest, readDescriptor } from './wire/manifest.ts'
export {
  emptyType,
  foreignLayerTypes,
  manifestTypes,
  maxManifestSize,
} from './wire/media-types.ts'
