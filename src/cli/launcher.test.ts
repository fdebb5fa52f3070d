import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const dir = mkdtempSync(join(tmpdir(), 'strake-launcher-'))
after(() => rmSync(dir, { recursive: true, force: true }))

/** A package with the launcher and a program that tells what it was started with. */
function install(name: string): string {
  const root = join(dir, name)
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(join(root, 'dist'))
  cpSync(join(import.meta.dirname, '../../bin/strake'), join(root, 'bin/strake'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'dist/start.cjs'), 'console.log(JSON.stringify(process.argv.slice(2)))')
  return root
}

/** A program that is put on PATH as `node`. */
function fakeNode(name: string, script: string): string {
  const bin = join(dir, name)
  mkdirSync(bin)
  writeFileSync(join(bin, 'node'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return bin
}

function start(program: string, env: NodeJS.ProcessEnv, cwd = dir) {
  const base = { PATH: '/usr/bin:/bin', HOME: join(dir, 'home') }
  return spawnSync(program, ['a b', '', '*'], { env: { ...base, ...env }, encoding: 'utf8', cwd })
}

const given = ['a b', '', '*']
const own = { STRAKE_NODE: process.execPath }

test('arguments arrive as they are', () => {
  assert.deepEqual(JSON.parse(start(join(install('plain'), 'bin/strake'), own).stdout), given)
})

test('it finds its package through links, from any folder', () => {
  const root = install('linked')
  symlinkSync('linked/bin/strake', join(dir, 'relative'))
  symlinkSync(join(dir, 'relative'), join(dir, 'absolute'))
  for (const program of [join(dir, 'relative'), join(dir, 'absolute'), './relative']) {
    assert.deepEqual(JSON.parse(start(program, own).stdout), given, program)
  }
  assert.equal(start('./strake', own, join(root, 'bin')).status, 0)
})

test('arguments that Node.js has options for are ours', () => {
  const program = join(install('env-file'), 'bin/strake')
  const file = join(dir, 'variables')
  writeFileSync(file, 'NODE_OPTIONS=--no-such-option\n')
  for (const words of [
    ['run', '--env-file', file],
    ['run', '--env-file', join(dir, 'none')],
    ['run', `--env-file=${join(dir, 'none')}`],
  ]) {
    const env = { PATH: '/usr/bin:/bin', ...own }
    const { stdout, stderr } = spawnSync(program, words, { env, encoding: 'utf8' })
    assert.deepEqual([stdout, stderr], [`${JSON.stringify(words)}\n`, ''])
  }
})

test('the npm package node wins over the one on PATH', () => {
  const root = install('bundled')
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true })
  symlinkSync(process.execPath, join(root, 'node_modules/node/bin/node'))
  const old = fakeNode('unused', 'exit 9')
  assert.equal(start(join(root, 'bin/strake'), { PATH: `${old}:/usr/bin:/bin` }).status, 0)
})

test('a Node.js that is too old, or none', () => {
  const program = join(install('old'), 'bin/strake')
  const old = fakeNode('old-node', 'echo v20.20.2')
  const { status, stderr } = start(program, { PATH: `${old}:/usr/bin:/bin` })
  assert.equal(status, 1)
  assert.match(stderr, /needs Node\.js 24 or newer, and found v20\.20\.2\.\n.*npm install node@24/)
  const none = fakeNode('no-node', 'exit 127')
  assert.match(start(program, { PATH: `${none}:/usr/bin:/bin` }).stderr, /found none/)
})

test('newer ones are taken', () => {
  const program = join(install('new'), 'bin/strake')
  for (const version of ['v24.0.0', 'v30.1.2', 'v100.0.0']) {
    const script = `[ "$1" = --version ] && echo ${version} && exit\nexec "${process.execPath}" "$@"`
    assert.equal(start(program, { PATH: `${fakeNode(version, script)}:/usr/bin:/bin` }).status, 0, version)
  }
})
