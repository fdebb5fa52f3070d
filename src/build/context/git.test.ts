import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseGitUrl } from '../../dockerfile/mod.ts'
import { findProgram } from '../../host/mod.ts'
import { gitSource } from './git.ts'
import { git, openWorkspace, serveGit } from './testing.ts'

const options = { skip: findProgram('git') ? false : 'needs git' }
let workspace: ReturnType<typeof openWorkspace>
let server: Awaited<ReturnType<typeof serveGit>>
const commits: Record<string, string> = {}

before(async () => {
  if (options.skip) return
  workspace = openWorkspace()
  const repositories = join(workspace.dir, 'repositories')
  const [library, app] = [join(repositories, 'library'), join(repositories, 'app.git')]
  for (const folder of [library, app]) {
    mkdirSync(folder, { recursive: true })
    git(folder, 'init', '--quiet')
  }
  server = await serveGit(repositories)
  writeFileSync(join(library, 'lib.txt'), 'lib\n')
  git(library, 'add', '.')
  git(library, 'commit', '--quiet', '-m', 'library')

  writeFileSync(join(app, 'file'), 'one\n')
  writeFileSync(join(app, 'run.sh'), '#!/bin/sh\n')
  chmodSync(join(app, 'run.sh'), 0o700)
  mkdirSync(join(app, 'sub'))
  writeFileSync(join(app, 'sub/deep'), 'deep\n')
  symlinkSync('/etc', join(app, 'out'))
  git(app, 'add', '.')
  git(app, 'commit', '--quiet', '-m', 'one')
  git(app, 'tag', '-a', 'v1', '-m', 'first')
  commits.one = git(app, 'rev-parse', 'HEAD')
  git(app, 'checkout', '--quiet', '-b', 'side')
  writeFileSync(join(app, 'file'), 'side\n')
  git(app, 'commit', '--quiet', '-am', 'side')
  commits.side = git(app, 'rev-parse', 'HEAD')
  git(app, 'checkout', '--quiet', 'main')
  git(app, 'submodule', '--quiet', 'add', `${server.url}/library`, 'library')
  writeFileSync(join(app, 'file'), 'two\n')
  git(app, 'commit', '--quiet', '-am', 'two')
  commits.two = git(app, 'rev-parse', 'HEAD')
})
after(async () => {
  if (options.skip) return
  await server[Symbol.asyncDispose]()
  workspace[Symbol.dispose]()
})

function source(rest: string, keepGitDir = false) {
  const url = parseGitUrl(`${server.url}/app.git${rest}`)!
  return gitSource(workspace, { ...url, keepGitDir: url.keepGitDir ?? keepGitDir })
}
const content = async (rest: string) => readFileSync(join((await source(rest).fetch()).directory, 'file'), 'utf8')

test('default branch, branches, tags and commits', options, async () => {
  assert.equal(await content(''), 'two\n')
  assert.equal(await content('#side'), 'side\n')
  assert.equal(await content('?branch=side'), 'side\n')
  assert.equal(await content('#v1'), 'one\n')
  assert.equal(await content('?tag=v1'), 'one\n')
  assert.equal(await content(`#${commits.one}`), 'one\n')
  assert.equal(await content(`?checksum=${commits.side}`), 'side\n')
  assert.equal(await content(`?ref=side&checksum=${commits.side!.slice(0, 8)}`), 'side\n')
})

test('no history, no .git, submodules with their files, and the modes of an ordinary umask', options, async () => {
  const umask = process.umask(0o077)
  try {
    const { directory, committedAt } = await source('').fetch()
    assert.deepEqual(readdirSync(directory).sort(), ['.gitmodules', 'file', 'library', 'out', 'run.sh', 'sub'])
    assert.deepEqual(readdirSync(join(directory, 'library')), ['lib.txt'])
    assert.equal(statSync(join(directory, 'file')).mode & 0o777, 0o644)
    assert.equal(statSync(join(directory, 'run.sh')).mode & 0o777, 0o755)
    assert.equal(committedAt, Date.parse('2020-02-02T02:02:02Z') / 1000)
  } finally {
    process.umask(umask)
  }
  const { directory } = await source('?submodules=false').fetch()
  assert.deepEqual(readdirSync(join(directory, 'library')), [])
})

test('.git is kept on request, at the root only', options, async () => {
  const { directory } = await source('#v1', true).fetch()
  assert.equal(git(directory, 'rev-parse', 'HEAD'), commits.one)
  assert.equal(git(directory, 'describe', '--tags'), 'v1')
  assert.equal(git(directory, 'remote', 'get-url', 'origin'), `${server.url}/app.git`)
  assert.equal(git(directory, 'rev-list', '--count', 'HEAD'), '1')
  const inside = await source('#v1:sub', true).fetch()
  assert.deepEqual(readdirSync(inside.directory), ['deep'])
})

test('a folder of it, which can not lead out', options, async () => {
  const { directory } = await source('#main:/sub/').fetch()
  assert.deepEqual(readdirSync(directory), ['deep'])
  await assert.rejects(source('#main:nowhere').fetch(), { code: 'not_found' })
  // The symlink to /etc is one within the repository.
  await assert.rejects(source('#main:out').fetch(), { code: 'not_found' })
  const above = await source('#main:../../..').fetch()
  assert.ok(existsSync(join(above.directory, 'file')))
})

test('the key names the commit, however it is asked for', options, async () => {
  const keys = await Promise.all(
    ['#side', '?branch=side', `#${commits.side}`, '#v1', '#side:sub'].map((rest) => source(rest).key()),
  )
  assert.equal(keys[0], keys[1])
  assert.equal(keys[0], keys[2])
  assert.equal(new Set(keys).size, 3)
})

test('what is not there, and what is not what it must be', options, async () => {
  await assert.rejects(source('#nope').key(), /does not contain ref nope/)
  await assert.rejects(source(`#side&`).key(), { code: 'not_found' })
  await assert.rejects(source(`?ref=side&checksum=${commits.one}`).fetch(), /expected checksum to match/)
  await assert.rejects(source('?ref=side&checksum=abc').key(), { code: 'corrupt' })
  assert.throws(() => source('?checksum=xyz'), /expected hex commit hash/)
  assert.throws(() => source('#--upload-pack=x'), { code: 'invalid' })
  await assert.rejects(source(`#${'0'.repeat(40)}`).fetch(), { code: 'unavailable' })
})
