export type { ErrorCode, ErrorDetails, Position, SourceRange } from './error.ts'
export { errno, StrakeError } from './error.ts'
export { bytes, duration, since } from './human.ts'
export type { OperationOptions, ProgressEvent, ProgressSink, StatusEvent, VertexEvent } from './progress.ts'
