import { aptListsKept, aptUpdateAlone, aptWithoutYes } from './rules/apt.ts'
import {
  fromPlatformFlagConstDisallowed,
  invalidBaseImagePlatform,
  invalidDefaultArgInFrom,
  redundantTargetPlatform,
  undefinedArgInFrom,
} from './rules/bases.ts'
import { consistentInstructionCasing, fromAsCasing, stageNameCasing } from './rules/casing.ts'
import { jsonArgsRecommended, multipleInstructionsDisallowed, workdirRelativePath } from './rules/commands.ts'
import { addWhereCopyServes, copyBeforeInstall, copyIgnoredFile, secretCopied } from './rules/copy.ts'
import { exposeInvalidFormat, exposeProtoCasing } from './rules/expose.ts'
import { latestBaseImage, runsAsRoot } from './rules/images.ts'
import { duplicateStageName, reservedStageName } from './rules/stages.ts'
import {
  invalidDefinitionDescription,
  legacyKeyValueFormat,
  maintainerDeprecated,
  noEmptyContinuation,
} from './rules/style.ts'
import { secretsUsedInArgOrEnv, undefinedVar } from './rules/variables.ts'
import type { Rule, RuleText } from './types.ts'

const texts: readonly RuleText[] = [
  stageNameCasing,
  fromAsCasing,
  noEmptyContinuation,
  consistentInstructionCasing,
  duplicateStageName,
  reservedStageName,
  jsonArgsRecommended,
  maintainerDeprecated,
  undefinedArgInFrom,
  workdirRelativePath,
  undefinedVar,
  multipleInstructionsDisallowed,
  legacyKeyValueFormat,
  redundantTargetPlatform,
  secretsUsedInArgOrEnv,
  invalidDefaultArgInFrom,
  fromPlatformFlagConstDisallowed,
  invalidBaseImagePlatform,
  copyIgnoredFile,
  invalidDefinitionDescription,
  exposeProtoCasing,
  exposeInvalidFormat,
  latestBaseImage,
  aptWithoutYes,
  aptUpdateAlone,
  aptListsKept,
  addWhereCopyServes,
  copyBeforeInstall,
  secretCopied,
  runsAsRoot,
]

/** The page about a rule: Docker's own for its rules, where it has one. */
function pageOf({ name, level }: RuleText): string {
  if (level === 'advice' || name === invalidBaseImagePlatform.name) return `docs/checks.md#${name.toLowerCase()}`
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
  return `https://docs.docker.com/go/dockerfile/rule/${words}/`
}

/** All rules: Docker's, then ours. */
export const rules: readonly Rule[] = texts.map((text) => ({ ...text, url: pageOf(text) }))
