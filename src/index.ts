/**
 * Strake as a library: the same engine that the command line uses. Open a store with `openEngine`, hand it to the verbs.
 *
 * @example
 * import { build, openEngine, run } from 'strake'
 *
 * using engine = openEngine()
 * await build(engine, { context: { kind: 'directory', path: '.' }, tags: ['app'] })
 */
export * from './engine/mod.ts'
export type {
  CacheMiss,
  CheckEvent,
  ErrorCode,
  FileChange,
  GraphEvent,
  OperationOptions,
  Position,
  ProgressEvent,
  ProgressSink,
  SourceRange,
  StatusEvent,
  ValueChange,
  VertexEvent,
} from './lib/mod.ts'
export { missText, StrakeError } from './lib/mod.ts'
