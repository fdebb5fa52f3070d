export { openStore } from './open.ts'
export { isGone as ownerIsGone, ownIdentity as ownerIdentity } from './owner.ts'
export { onlySize, removeTree, treeSize } from './tree.ts'
export type * from './types.ts'
