export type { TarHandler } from './decode.ts'
export { TarDecoder } from './decode.ts'
export { blockSize, encodeHeader, paddingOf, trailerSize } from './encode.ts'
export type { ByteString, EntryType, TarEntry } from './types.ts'
