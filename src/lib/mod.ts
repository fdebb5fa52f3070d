export type { ByteString } from './byte-string.ts'
export { bytesOf, pathOf, textOf } from './byte-string.ts'
export type { CacheMiss, FileChange, ValueChange } from './cache-miss.ts'
export { missText } from './cache-miss.ts'
export type { ErrorCode, ErrorDetails, Position, SourceRange } from './error.ts'
export { errno, StrakeError } from './error.ts'
export { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from './file-type.ts'
export { byteCount, bytes, duration, since } from './human.ts'
export { makeFolder } from './make-folder.ts'
export { nearest } from './nearest.ts'
export type { OutputTail } from './output-tail.ts'
export { outputTail } from './output-tail.ts'
export { limiter, settled } from './parallel.ts'
export { PathRecords, PathRecordsWriter } from './path-records.ts'
export type {
  CheckEvent,
  GraphEvent,
  OperationOptions,
  ProgressEvent,
  ProgressSink,
  StatusEvent,
  VertexEvent,
} from './progress.ts'
export type { Listing } from './table.ts'
export { alignCells, renderListing } from './table.ts'
export type { Template } from './template.ts'
export { parseTemplate } from './template.ts'
export { callersMode, takeUmask } from './umask.ts'
export { version } from './version.ts'
export { writeFile } from './write-file.ts'
