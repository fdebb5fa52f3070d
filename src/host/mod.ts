export type { Cgroups, Feature } from './features.ts'
export { cgroups, findProgram, kernelFeatures, mountOf } from './features.ts'
export { isal } from './isal.ts'
export type { Inflater } from './isal-inflate.ts'
export { isalInflater } from './isal-inflate.ts'
export type { NetworkNamespace, Overlay } from './mounts.ts'
export {
  bindMount,
  createNetworkNamespace,
  enterPrivateMounts,
  mount,
  mountOverlay,
  openDirectory,
  unmount,
} from './mounts.ts'
export type { RunOptions, RunResult } from './process.ts'
export { ended, exec, execChecked, processIdentity, strakeProgram } from './process.ts'
export type { Path } from './sys.ts'
export * as sys from './sys.ts'
export { rawTerminal } from './terminal.ts'
