import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const dir = mkdtempSync(join(tmpdir(), 'strake-dockerfile-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const main = join(import.meta.dirname, '../main.ts')

function strake(words: readonly string[], input = '') {
  const env = { ...process.env, STRAKE_ROOT: join(dir, 'store') }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...words],
    {
      env,
      cwd: dir,
      encoding: 'utf8',
      input,
    },
  )
  return { status, stdout, stderr }
}

test('ast', () => {
  writeFileSync(join(dir, 'Dockerfile'), '# c\nFROM a AS b\nCOPY --link x y /z\n')
  assert.equal(strake(['dockerfile', 'ast']).stdout, '(from "a" "AS" "b")\n(copy ["--link"] "x" "y" "/z")\n')
  const ast = JSON.parse(strake(['dockerfile', 'ast', '--json', dir]).stdout)
  assert.equal(ast.stages[0].name, 'b')
  assert.deepEqual(ast.stages[0].instructions[0].sources[1].range.start, { line: 3, column: 15 })
  assert.equal(ast.comments[0].text, 'c')
  assert.match(strake(['dockerfile', 'ast', 'none']).stderr, /open none: no such file or directory/)
  const { status, stderr } = strake(['dockerfile', 'ast', '-'], 'FROM a\nRUM x\nCOPY a\n')
  assert.equal(status, 1)
  assert.match(stderr, /<stdin>:2:1\n(.*\n)+hint: Did you mean RUN\?\n\nERROR: .* on line 3: COPY requires/)
})

test('fmt', () => {
  const file = join(dir, 'sub/Dockerfile')
  mkdirSync(join(dir, 'sub'))
  writeFileSync(file, 'from a\n')
  chmodSync(file, 0o640)
  assert.equal(strake(['dockerfile', 'fmt', 'sub']).stdout, 'FROM a\n')
  assert.equal(strake(['dockerfile', 'fmt', '-'], 'from  b').stdout, 'FROM b\n')
  assert.deepEqual(strake(['dockerfile', 'fmt', '--check', 'sub']), {
    status: 1,
    stdout: 'sub/Dockerfile\n',
    stderr: '',
  })
  assert.equal(strake(['dockerfile', 'fmt', '-w', 'sub']).status, 0)
  assert.equal(readFileSync(file, 'utf8'), 'FROM a\n')
  assert.equal(statSync(file).mode & 0o777, 0o640)
  assert.deepEqual(strake(['dockerfile', 'fmt', '--check', 'sub']), { status: 0, stdout: '', stderr: '' })
  assert.equal(strake(['dockerfile', 'fmt', '-'], 'FORM a').status, 1)
})

test('outline, targets and explain', () => {
  const text = '# b the base\nFROM scratch AS b\nARG A=1\nRUN --mount=type=secret,id=s true\nFROM b\n'
  assert.equal(
    strake(['dockerfile', 'targets', '-'], text).stdout,
    'TARGET        BASE      DESCRIPTION\nb             scratch   the base\n1 (default)   b\n',
  )
  assert.equal(
    strake(['dockerfile', 'outline', '--target', 'b', '-'], text).stdout,
    'TARGET:        b\nDESCRIPTION:   the base\n\nBUILD ARG   VALUE   DESCRIPTION\nA           1\n\nSECRET   REQUIRED\ns\n',
  )
  assert.equal(strake(['dockerfile', 'outline', '-'], 'FROM a').stdout, 'The build takes nothing.\n')
  assert.equal(JSON.parse(strake(['dockerfile', 'outline', '--json', '-'], text).stdout).args[0].name, 'A')
  assert.match(
    strake(['dockerfile', 'explain', '-'], text).stdout,
    /^2 \| FROM scratch AS b\n {4}Begins stage b with nothing: an empty file system\.\n3 \| ARG A=1\n/,
  )
})
