export { build } from './build.ts'
export { applyChanges } from './changes.ts'
export type * from './types.ts'
