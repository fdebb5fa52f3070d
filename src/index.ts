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
  CheckEvent,
  ErrorCode,
  OperationOptions,
  Position,
  ProgressEvent,
  ProgressSink,
  SourceRange,
  StatusEvent,
  VertexEvent,
} from './lib/mod.ts'
export { StrakeError } from './lib/mod.ts'
