export { dismissWorkers } from './crew.ts'
export type * from './types.ts'
export { hashLayer, packLayer, writeLayer } from './write.ts'
