import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'

const dir = mkdtempSync(join(tmpdir(), 'strake-check-'))
const store = mkdtempSync(join(tmpdir(), 'strake-check-store-'))
after(() => {
  for (const path of [dir, store]) rmSync(path, { recursive: true, force: true })
})
const main = join(import.meta.dirname, '../main.ts')
const dockerfile = join(dir, 'Dockerfile')

function strake(words: readonly string[], input = '') {
  const env = { ...process.env, STRAKE_ROOT: store }
  const flags = ['--disable-warning=ExperimentalWarning', main, ...words]
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, { env, cwd: dir, encoding: 'utf8', input })
  return { status, stdout, stderr }
}

beforeEach(() => writeFileSync(dockerfile, 'FROM debian AS Base\nWORKDIR x\n'))

test('for people', () => {
  const { status, stdout, stderr } = strake(['build', '--check', '.'])
  assert.equal(stderr, '')
  assert.equal(
    stdout,
    `Check complete, 2 warnings have been found! And 1 piece of advice.

WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/
Stage name 'Base' should be lowercase
Dockerfile:1:16
 1 | FROM debian AS Base
                    ^^^^
 2 | WORKDIR x
hint: Write the name in small letters.

WARNING: WorkdirRelativePath - https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/
Relative workdir "x" can have unexpected results if the base image changes
Dockerfile:2:9
 1 | FROM debian AS Base
 2 | WORKDIR x
             ^
hint: Write the whole path.

ADVICE: LatestBaseImage - docs/checks.md#latestbaseimage
debian has no tag, which means latest: name a version
Dockerfile:1:6
 1 | FROM debian AS Base
          ^^^^^^
 2 | WORKDIR x
hint: Write the version that you mean.
`,
  )
  assert.equal(status, 1)
})

test('nothing found, and advice alone', () => {
  writeFileSync(dockerfile, 'FROM scratch\n')
  assert.deepEqual(strake(['build', '--check', '.']), {
    status: 0,
    stdout: 'Check complete, no warnings found.\n',
    stderr: '',
  })
  writeFileSync(dockerfile, '# check=error=true\nFROM debian\n')
  assert.equal(strake(['build', '--check', '.']).status, 0)
})

test('error=true', () => {
  writeFileSync(dockerfile, '# check=error=true\nFROM scratch AS A\n')
  const { status, stderr } = strake(['build', '--check', '.'])
  assert.deepEqual(
    { status, stderr },
    { status: 1, stderr: 'ERROR: lint violation found for rules: StageNameCasing\n' },
  )
})

test("JSON in docker's form", () => {
  for (const words of [
    ['--check', '--format', 'json'],
    ['--call', 'check,format=json'],
  ]) {
    const { status, stdout } = strake(['build', ...words, '.'])
    const { warnings, advice, sources } = JSON.parse(stdout)
    assert.equal(status, 1)
    assert.deepEqual(warnings[0], {
      ruleName: 'StageNameCasing',
      description: 'Stage names should be lowercase',
      url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
      detail: "Stage name 'Base' should be lowercase",
      location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
    })
    assert.deepEqual([warnings.length, advice.length], [2, 1])
    assert.equal(Buffer.from(sources[0].data, 'base64').toString(), readFileSync(dockerfile, 'utf8'))
  }
  writeFileSync(dockerfile, 'FORM x\n')
  const { status, stdout } = strake(['build', '--check', '--format', 'json', '.'])
  const { buildError } = JSON.parse(stdout)
  assert.equal(status, 1)
  assert.equal(buildError.message, 'dockerfile parse error on line 1: unknown instruction: FORM')
  assert.equal(buildError.location.ranges[0].start.line, 1)
})

test('SARIF', () => {
  const { runs, version } = JSON.parse(strake(['build', '--check', '--format=sarif', '.']).stdout)
  const [{ results, tool }] = runs
  assert.equal(version, '2.1.0')
  assert.deepEqual(
    results.map((result: { ruleId: string; level: string }) => [result.ruleId, result.level]),
    [
      ['StageNameCasing', 'warning'],
      ['LatestBaseImage', 'note'],
      ['WorkdirRelativePath', 'warning'],
    ],
  )
  for (const result of results) assert.equal(tool.driver.rules[result.ruleIndex].id, result.ruleId)
  assert.deepEqual(results[2].locations[0].physicalLocation, {
    artifactLocation: { uri: 'Dockerfile' },
    region: { startLine: 2, startColumn: 9, endLine: 2, endColumn: 10 },
  })
  writeFileSync(dockerfile, 'FORM x\nFROM a\nCOPY b\n')
  const { results: errors } = JSON.parse(strake(['build', '--check', '--format=sarif', '.']).stdout).runs[0]
  assert.deepEqual(
    errors.map(({ level }: { level: string }) => level),
    ['error', 'error'],
  )
})

test('the ignore file, build arguments and skipped rules', () => {
  writeFileSync(dockerfile, '# check=experimental=all\nARG V\nFROM scratch\nCOPY a /\n')
  writeFileSync(join(dir, '.dockerignore'), 'a\n')
  try {
    assert.match(strake(['build', '--check', '.']).stdout, /Attempting to Copy file "a"/)
    assert.equal(strake(['build', '--check', '--skip', 'CopyIgnoredFile', '.']).status, 0)
    const given = 'BUILDKIT_DOCKERFILE_CHECK=skip=all'
    assert.equal(strake(['build', '--check', '--build-arg', given, '.']).status, 0)
  } finally {
    rmSync(join(dir, '.dockerignore'))
  }
})

test('--fix', () => {
  assert.equal(strake(['build', '--check', '--fix', '.']).status, 1)
  assert.equal(readFileSync(dockerfile, 'utf8'), 'FROM debian AS base\nWORKDIR x\n')
  assert.match(strake(['build', '--check', '--fix', '-'], 'FROM a').stderr, /--fix needs a Dockerfile in a folder/)
})

test('mistakes', () => {
  assert.match(strake(['build', '--check', '--format=xml', '.']).stderr, /--format xml is not known/)
  assert.match(strake(['build', '--call=foo', '.']).stderr, /--call foo is not known/)
  assert.match(strake(['build', '--fix', '.']).stderr, /--fix goes with --check/)
  writeFileSync(dockerfile, 'FORM x\nRUM y\n')
  const { status, stderr } = strake(['build', '--check', '.'])
  assert.equal(status, 1)
  assert.match(stderr, /FORM(.*\n)*.*FROM\?\n\nERROR: .*RUM(.*\n)*.*RUN\?/)
})

test('--explain-context', () => {
  const context = join(dir, 'context')
  mkdirSync(join(context, 'node_modules/x'), { recursive: true })
  mkdirSync(join(context, 'logs'))
  const files = { Dockerfile: 'FROM a', 'app.py': 'x'.repeat(2000), 'node_modules/x/a': '1234', 'node_modules/b': '12' }
  const more = {
    'logs/keep': '',
    'logs/a.log': '123',
    '.dockerignore': '# comment\n\nnode_modules\nlogs/*\n!logs/keep\n',
  }
  for (const [name, text] of Object.entries({ ...files, ...more })) writeFileSync(join(context, name), text)
  assert.equal(
    strake(['build', '--explain-context', 'context']).stdout,
    `The build sees 4 files, 2.05kB.

Files, largest first:
  2kB   app.py
  42B   .dockerignore
  6B    Dockerfile
  0B    logs/keep

Left out by .dockerignore: 3 files, 9B:
  3B   logs/a.log                .dockerignore:4   logs/*
  6B   node_modules/ (2 files)   .dockerignore:3   node_modules
`,
  )
  const json = JSON.parse(strake(['build', '--explain-context', '--format', 'json', 'context']).stdout)
  assert.equal(json.files.length, 4)
  assert.deepEqual(json.leftOut[1], { path: 'node_modules/', files: 2, size: 6, pattern: 'node_modules', line: 3 })
  for (let i = 0; i < 12; i++) writeFileSync(join(context, `f${String(i).padStart(2, '0')}`), 'x'.repeat(i))
  rmSync(join(context, '.dockerignore'))
  const { stdout } = strake(['build', '--explain-context', 'context'])
  assert.match(stdout, /Largest:\n {2}2kB +app.py\n {2}11B +f11\n(.*\n){8}\nOthers:\n {2}0B +f00\n/)
  assert.match(stdout, /There is no .dockerignore: nothing is left out.\n$/)
})
