import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { version } from '../lib/mod.ts'

const dir = mkdtempSync(join(tmpdir(), 'strake-cli-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const env = { ...process.env, STRAKE_ROOT: join(dir, 'store') }
const flags = ['--disable-warning=ExperimentalWarning']
const main = join(import.meta.dirname, '../main.ts')

// What gzip begins with.
const archive = join(dir, 'context.tgz')
writeFileSync(archive, Buffer.from('1f8b0800000000000003', 'hex'))

function strake(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, main, ...words], { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('version, in the ways people ask for it', () => {
  for (const words of [['--version'], ['-v']]) assert.equal(strake(...words).stdout, `Strake version ${version}\n`)
  assert.match(strake('version').stdout, new RegExp(`^Strake\n Version: +${version.replaceAll('.', '\\.')}\n`))
  assert.equal(JSON.parse(strake('version', '--format', 'json').stdout).Client.Version, version)
  assert.equal(strake('version', '-f', '{{.Server.Version}}').stdout, `${version}\n`)
})

test('help', () => {
  for (const words of [[], ['--help'], ['-h'], ['help']]) {
    const { status, stdout } = strake(...words)
    assert.equal(status, 0)
    assert.match(stdout, /^Usage: {2}strake \[OPTIONS\] COMMAND\n/)
  }
  for (const words of [
    ['build', '--help'],
    ['help', 'build'],
    ['build', '.', '-h'],
  ]) {
    assert.match(strake(...words).stdout, /^Usage: {2}strake build \[OPTIONS\] PATH \| URL \| -\n/)
  }
  assert.match(strake('image', 'build', '--help').stdout, /^Usage: {2}strake image build /)
  assert.match(strake('image').stdout, /^Usage: {2}strake image COMMAND\n[\s\S]*\n {2}prune /)
})

test('mistakes and their exit codes', () => {
  for (const [words, status, stderr] of [
    [['bild'], 1, /^ERROR: unknown command: strake bild\nhint: Did you mean 'strake build'\?\n/],
    [['image', 'lss'], 1, /hint: Did you mean 'strake image ls'\?/],
    [['help', 'nothing-like-it'], 1, /^ERROR: unknown command/],
    [['top', 'web'], 1, /^ERROR: unknown command: strake top\nhint: See strake exec CONTAINER ps\n/],
    [['container', 'cp', 'a', 'b'], 1, /unknown command: strake container cp\nhint: Files go through a volume/],
    [['exec', 'none', 'true'], 1, /^ERROR: No such container: none\n/],
    [['create', '--cpus', 'x', 'none'], 1, /^ERROR: invalid value for --cpus/],
    [['run', '--cpus', 'x', 'none'], 125, /^ERROR: invalid value for --cpus/],
    [['--foo'], 125, /^unknown flag: --foo\n/],
    [['build', '--foo', '.'], 125, /^ERROR: unknown flag: --foo\n[\s\S]*Usage: {2}strake build/],
    [['build'], 1, /^ERROR: 'strake build' requires 1 argument\n[\s\S]*See 'strake build --help'/],
    [['build', join(dir, 'none')], 1, /^ERROR: unable to prepare context: path .* not found\n$/],
    [['build', archive], 1, /is an archive, not a Dockerfile\nhint: .*strake build - < /],
    [['build', '-t', 'App', dir], 1, /must be lowercase\nhint: Write app\.\n/],
    [['build', '--progress', 'loud', dir], 1, /^ERROR: invalid progress mode loud\nhint: /],
    [['build', '--progress', 'tty', dir], 1, /needs a terminal/],
    [['build', '--platform', 'a/b/c/d', dir], 1, /is an invalid component/],
    [['build', '--build-context', 'x', dir], 1, /expected NAME=VALUE/],
    [['build', '--add-host', 'x', dir], 1, /bad format for add-host/],
  ] as const) {
    const result = strake(...words)
    assert.match(result.stderr, stderr)
    assert.deepEqual([result.status, result.stdout], [status, ''], words.join(' '))
  }
})

test('where an error comes from is shown on demand', () => {
  const before = strake('-D', 'build', join(dir, 'none')).stderr
  const behind = strake('build', '--debug', join(dir, 'none')).stderr
  for (const stderr of [before, behind]) assert.match(stderr, /\nStrakeError: unable to prepare context/)
})

test('a reader that has enough ends the command in silence', () => {
  const line = `"${process.execPath}" ${flags} "${main}" --help | true; exit "\${PIPESTATUS[0]}"`
  const { status, stderr } = spawnSync('bash', ['-c', line], { env, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
})

test('output that has no room is an error, and so is no message that has none', () => {
  const full = (line: string) => {
    const command = `"${process.execPath}" ${flags} "${main}" ${line}`
    const { status, stderr } = spawnSync('bash', ['-c', command], { env, encoding: 'utf8' })
    return [status, stderr]
  }
  assert.deepEqual(full('version >/dev/full'), [
    1,
    'ERROR: standard output cannot be written: ENOSPC: no space left on device, write\n',
  ])
  assert.deepEqual(full('bild 2>/dev/full'), [1, ''])
})

test('the first signal cancels, the second ends', async () => {
  const script = join(dir, 'signals.ts')
  const signals = JSON.stringify(join(import.meta.dirname, 'signals.ts'))
  writeFileSync(
    script,
    `import { catchSignals } from ${signals}
const caught = catchSignals()
caught.signal.addEventListener('abort', () => console.log('aborted', caught.exitCode))
console.log('ready')
setInterval(() => {}, 1000)`,
  )
  const child = spawn(process.execPath, [...flags, script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let said = ''
    const says = async (word: string) => {
      while (!said.includes(word)) said += (await once(child.stdout, 'data'))[0]
    }
    await says('ready')
    child.kill('SIGINT')
    await says('aborted 130')
    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'exit'), [130, null])
  } finally {
    child.kill('SIGKILL')
  }
})
