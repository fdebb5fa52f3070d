import { type CopyInstruction, expand, parseGitUrl, type Word } from '../../dockerfile/mod.ts'
import { type SourceRange, StrakeError } from '../../lib/mod.ts'
import { gitSource } from '../context/git.ts'
import { httpSource } from '../context/http.ts'
import type { AddSource } from '../operations/add.ts'
import { flag, flagRange, switchFlag } from './flags.ts'
import { environment } from './instructions.ts'
import type { Reading } from './read-stage.ts'

/** Whether a source of ADD is not in the context. */
export function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source) || parseGitUrl(source) !== undefined
}

/** What a source of ADD is: a file of the context, a URL, a git repository. Throws `invalid`. */
export function addSource(
  { reader, evaluation }: Reading,
  instruction: CopyInstruction,
  { name, word, id }: { readonly name: string; readonly word: Word; readonly id: string },
): AddSource {
  const { workspace } = reader.sources
  const raw = flag(instruction, 'checksum')
  const checksum = raw && expand(raw, environment(evaluation), reader.dockerfile.escape)
  const unpack = switchFlag(instruction, 'unpack')
  const fail = (message: string, flagName: string, hint: string) =>
    new StrakeError('invalid', message, { range: flagRange(instruction, flagName), hint })
  if (checksum && instruction.sources.length !== 1) {
    throw fail("checksum can't be specified for multiple sources", 'checksum', 'Write an ADD for each of them.')
  }
  const range = (checksum && flagRange(instruction, 'checksum')) || word.range
  return inPlace(range, () => {
    const git = parseGitUrl(name)
    if (git) {
      const keep = switchFlag(instruction, 'keep-git-dir')
      if (keep !== undefined && git.keepGitDir !== undefined && keep !== git.keepGitDir) {
        throw fail('inconsistent keep-git-dir configuration', 'keep-git-dir', 'The URL says the opposite.')
      }
      if (checksum && git.checksum && checksum !== git.checksum) {
        throw fail(`checksum mismatch "${checksum}" != "${git.checksum}"`, 'checksum', 'The URL names another one.')
      }
      const keepGitDir = git.keepGitDir ?? keep ?? false
      const options = { ...git, checksum: git.checksum ?? (checksum || undefined), keepGitDir }
      return { kind: 'remote', url: name, remote: gitSource(workspace, options), unpack: false }
    }
    if (isRemote(name)) {
      const remote = httpSource(workspace, name, { vertex: id, ...(checksum && { checksum }) })
      return { kind: 'remote', url: name, remote, unpack: unpack ?? false }
    }
    if (checksum) {
      throw fail('checksum requires HTTP(S) or Git sources', 'checksum', 'What is in the context needs no checksum.')
    }
    return { kind: 'local', path: name, range: word.range, unpack: unpack ?? true }
  })
}

function inPlace<T>(range: SourceRange, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof StrakeError) || error.range) throw error
    throw new StrakeError(error.code, error.message, { range, hint: error.hint })
  }
}
