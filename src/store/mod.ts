export { openStore } from './open.ts'
export { removeTree, treeSize } from './tree.ts'
export type * from './types.ts'
