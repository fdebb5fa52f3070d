import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { buildSync } from 'esbuild'

const dir = mkdtempSync(join(tmpdir(), 'strake-start-'))
const home = join(dir, 'home')
const kept = (verb: string) => join(home, '.cache/strake', verb)
after(() => rmSync(dir, { recursive: true, force: true }))
beforeEach(() => {
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home)
})

const texts = {
  strake: `
    const { basename } = require('node:path')
    function say(what) { console.log(what) }
    say(JSON.stringify([basename(__filename), __dirname, process.argv.slice(2), module.exports === exports]))
    process.exit(process.argv[3] === 'fail' ? 1 : 0)`,
  'strake-images': "console.log('images')",
}
const hashes: Record<string, string> = {}
for (const [name, text] of Object.entries(texts)) {
  writeFileSync(join(dir, `${name}.cjs`), text)
  hashes[name] = createHash('sha256').update(text).digest('hex')
}
buildSync({
  entryPoints: [join(import.meta.dirname, 'start.ts')],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  outfile: join(dir, 'start.cjs'),
  define: { programs: JSON.stringify(hashes), verbs: '["images","tag"]', 'import.meta.dirname': '__dirname' },
})

function start(words: readonly string[], env: NodeJS.ProcessEnv = { HOME: home }) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(dir, 'start.cjs'), ...words], {
    env,
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return { stdout, status }
}

/** The code that is kept, with another note on what its run took. */
function spent(verb: string, milliseconds: number): Buffer {
  const bytes = readFileSync(kept(verb))
  bytes.write(`${bytes.toString('latin1', 0, 64)} ${milliseconds}`.padEnd(96), 0)
  writeFileSync(kept(verb), bytes)
  return bytes
}

test('the program of the verb runs as Node would run it, and ends with its exit code', () => {
  for (const words of [['tag', 'a b', ''], [], ['-D'], ['../strake-images', 'x'], ['toString']]) {
    const { stdout, status } = start(words)
    assert.deepEqual(JSON.parse(stdout), ['strake.cjs', dir, words, true])
    assert.equal(status, 0)
  }
  assert.equal(start(['images', '-q']).stdout, 'images\n')
  assert.equal(start(['tag', 'fail']).status, 1)
})

test('the code is kept for each verb, and used again', () => {
  const first = start(['tag'])
  assert.equal(statSync(kept('tag')).mode & 0o777, 0o600)
  const bytes = spent('tag', 1e9)
  assert.deepEqual(start(['tag']), first)
  assert.deepEqual(readFileSync(kept('tag')), bytes)
  assert.ok(!existsSync(kept('rmi')))
})

test('a run that does more replaces the code', () => {
  start(['tag'])
  const bytes = spent('tag', 1)
  start(['tag'])
  assert.notDeepEqual(readFileSync(kept('tag')), bytes)
})

test('the first run, which compiles everything, is no measure', () => {
  start(['tag'])
  const first = readFileSync(kept('tag'), 'latin1').slice(0, 96)
  assert.match(first, /^[0-9a-f]{64} 0 *$/)
  start(['tag'])
  assert.match(readFileSync(kept('tag'), 'latin1').slice(0, 96), /^[0-9a-f]{64} [1-9]\d* *$/)
})

test('code of another program, and what is no code, is turned down and replaced', () => {
  const first = start(['tag'])
  const good = readFileSync(kept('tag'))
  const other = Buffer.from(good)
  other.write('0'.repeat(64), 0)
  for (const bad of [other, good.subarray(0, 200), good.subarray(0, 10), Buffer.alloc(0), Buffer.alloc(good.length)]) {
    writeFileSync(kept('tag'), bad)
    assert.deepEqual(start(['tag']), first)
    assert.equal(readFileSync(kept('tag')).toString('latin1', 0, 64), hashes.strake)
  }
})

test('nothing is kept of what is no verb, and where others could write', () => {
  start(['../x'])
  start(['toString'])
  start(['-D'])
  start(['tag'], {})
  start(['tag'], { HOME: join(dir, 'none') })
  chmodSync(home, 0o777)
  start(['tag'])
  assert.ok(!existsSync(join(home, '.cache')))
})

test('the folder follows XDG_CACHE_HOME', () => {
  start(['tag'], { HOME: '/nonexistent', XDG_CACHE_HOME: home })
  assert.ok(existsSync(join(home, 'strake/tag')))
})
