/** Loaded once it is clear that a verb runs: help and mistakes need no store. */
export { openEngine } from '../engine/mod.ts'
