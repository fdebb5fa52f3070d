export type {
  Annotation,
  AttestOptions,
  BuildContext,
  BuildOptions,
  BuildOutput,
  BuildProfile,
  BuildRecord,
  BuildResult,
  BuildSecret,
  BuildStatus,
  CacheForm,
  CacheSource,
  CacheTarget,
  CopyStepOptions,
  ExportedImage,
  FailedStep,
  FileForm,
  Filesystem,
  GraphOptions,
  ImageForm,
  LocalFiles,
  OutputFile,
  OwnerOptions,
  RunStepOptions,
  SolveOptions,
  StepRecord,
  TraceFormat,
} from '../build/mod.ts'
export { graph, profileOf, traceOf } from '../build/mod.ts'
export type {
  Container,
  ContainerState,
  CreateOptions,
  ExecOptions,
  Input,
  LogEntry,
  OutputChunk,
  RemoveOptions,
  Settings,
  Size,
  StopOptions,
  Volume,
} from '../containers/mod.ts'
export {
  createVolume,
  currentContainer,
  execInContainer as exec,
  getVolume,
  hostAddress,
  joinEntries,
  killContainer as kill,
  pruneVolumes,
  publishedPorts,
  removeContainer as rm,
  removeVolume,
  restartContainer as restart,
  stopContainer as stop,
  waitContainer as wait,
} from '../containers/mod.ts'
export type {
  BaseFacts,
  CheckOptions,
  CheckResult,
  Dockerfile,
  Explanation,
  Finding,
  Instruction,
  Outline,
  Rule,
  Stage,
  Taken,
  Target,
} from '../dockerfile/mod.ts'
export {
  checkDockerfile,
  checkRules,
  dockerfileOutline,
  dockerfileTargets,
  explainDockerfile,
  fixDockerfile,
  formatDockerfile,
  parseDockerfile,
  treeText,
} from '../dockerfile/mod.ts'
export type { Hint } from '../hints/mod.ts'
export { rawTerminal } from '../host/mod.ts'
export type { HistoryEntry, Image, LoadedImage } from '../images/mod.ts'
export { parseBootstrap } from '../images/mod.ts'
export type {
  CopyImageOptions,
  FoundRepository,
  LoggedIn,
  LoginOptions,
  ManifestOptions,
  PulledImage,
  PullOptions,
  PullPolicy,
  PushedImage,
  PushOptions,
  SearchOptions,
} from '../registry/mod.ts'
export { login, logout, pullStatus, searchRepositories as search, storedUser } from '../registry/mod.ts'
export type { Ulimit } from '../runtime/mod.ts'
export { bootstrap } from './bootstrap.ts'
export { build } from './build.ts'
export { buildGraph } from './build-graph.ts'
export type { BuildsOptions } from './build-history.ts'
export { builds, findBuildRecord, removeAllBuildRecords, removeBuildRecords, stepLog } from './build-history.ts'
export type { CacheSums } from './builder-du.ts'
export { builderDu } from './builder-du.ts'
export type { BuilderPruned, BuilderPruneOptions } from './builder-prune.ts'
export { builderPrune } from './builder-prune.ts'
export type { CacheMountUsage, ImportCacheMountOptions } from './cache-mounts.ts'
export { cacheMounts, exportCacheMount, importCacheMount, removeCacheMount } from './cache-mounts.ts'
export type { BuildCheckOptions, CheckedBuild } from './check.ts'
export { check } from './check.ts'
export { explainCommand, explainEnd, explainPorts } from './container-hints.ts'
export type { PrunedContainers } from './container-prune.ts'
export { containerPrune } from './container-prune.ts'
export { copyImage } from './copy-image.ts'
export type { CreateContainerOptions } from './create.ts'
export { create } from './create.ts'
export type { FieldDifference, ImageDifferences } from './diff.ts'
export { diff } from './diff.ts'
export type { Change, FileDifference } from './diff-trees.ts'
export type { CacheUsage, ContainerUsage, DiskUsage, ImageUsage, Usage, VolumeUsage } from './disk-usage.ts'
export { systemDf } from './disk-usage.ts'
export type { Engine } from './engine.ts'
export { defaultRoot, openEngine, rootsStore } from './engine.ts'
export type { ContextFile, ExplainedContext, LeftOut } from './explain-context.ts'
export { explainContext } from './explain-context.ts'
export { builderGc } from './gc.ts'
export type { GcPolicy } from './gc-policy.ts'
export { readGcPolicy } from './gc-policy.ts'
export { history } from './history.ts'
export type { ImagePruneOptions } from './image-prune.ts'
export { imagePrune } from './image-prune.ts'
export type { ImagesOptions, ListedImage } from './images.ts'
export { images, shownName } from './images.ts'
export type { ImportImageOptions } from './import.ts'
export { importImage } from './import.ts'
export type { Info, Problem } from './info.ts'
export { containerCount, info, installMissing } from './info.ts'
export type { Inspected, InspectOptions } from './inspect.ts'
export { inspect } from './inspect.ts'
export type { LoadArchiveOptions } from './load.ts'
export { load } from './load.ts'
export type { LogsOptions } from './logs.ts'
export { logs } from './logs.ts'
export type { InspectedManifest } from './manifest.ts'
export { manifestAnnotate, manifestCreate, manifestInspect, manifestPush, manifestRemove } from './manifest.ts'
export type { PsOptions } from './ps.ts'
export { commandText, containerPorts, imageText, ps, statusText, writableSize } from './ps.ts'
export { pull, pullAll } from './pull.ts'
export { localTags, push } from './push.ts'
export type { RemovedImages } from './rmi.ts'
export { rmi } from './rmi.ts'
export type { RunOptions } from './run.ts'
export { run } from './run.ts'
export type { RunningContainer } from './running.ts'
export type { SaveOptions } from './save.ts'
export { save } from './save.ts'
export type { Disk, SpaceLimits } from './space-limits.ts'
export { diskOf } from './space-limits.ts'
export type { StartOptions } from './start.ts'
export { attach, start } from './start.ts'
export { systemCheck } from './system-check.ts'
export type { SystemPruned, SystemPruneOptions } from './system-prune.ts'
export { systemPrune } from './system-prune.ts'
export { tag } from './tag.ts'
export { volumes } from './volumes.ts'
