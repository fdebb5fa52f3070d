export type { BuildContext, BuildOptions, BuildResult } from '../build/mod.ts'
export { build } from './build.ts'
export type { Engine } from './engine.ts'
export { defaultRoot, openEngine } from './engine.ts'
