export type { Engine } from './engine.ts'
export { defaultRoot } from './engine.ts'
