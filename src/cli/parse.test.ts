import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command } from './command.ts'
import { parse } from './parse.ts'

const build = command({
  name: 'build',
  usage: '[OPTIONS] PATH',
  summary: '',
  options: {
    tag: { kind: 'list', short: 't', help: '' },
    file: { kind: 'string', short: 'f', help: '' },
    quiet: { kind: 'boolean', short: 'q', help: '' },
    'no-cache': { kind: 'boolean', help: '' },
    time: { kind: 'number', short: 'T', help: '' },
  },
  args: { min: 1, max: 1 },
  run: async () => 0,
})
const run = command({
  name: 'run',
  usage: '[OPTIONS] IMAGE',
  summary: '',
  options: {
    interactive: { kind: 'boolean', short: 'i', help: '' },
    tty: { kind: 'boolean', short: 't', help: '' },
    publish: { kind: 'list', short: 'p', help: '' },
    hostname: { kind: 'string', short: 'h', help: '' },
  },
  args: { min: 1, max: Number.POSITIVE_INFINITY },
  optionsFirst: true,
  run: async () => 0,
})

function called(definition: Parameters<typeof parse>[0], line: string) {
  const parsed = parse(definition, line.split(' ').filter(Boolean))
  assert.equal(parsed.kind, 'call', `${line}: ${'message' in parsed ? parsed.message : ''}`)
  return parsed as Extract<typeof parsed, { kind: 'call' }>
}

function refused(definition: Parameters<typeof parse>[0], ...words: string[]) {
  const parsed = parse(definition, words)
  assert.equal(parsed.kind, 'usage')
  return parsed as Extract<typeof parsed, { kind: 'usage' }>
}

test('options in all the forms that docker takes', () => {
  for (const line of ['--tag a .', '--tag=a .', '-t a .', '-ta .', '-t=a .', '. -t a', '-t a -- .', '. --tag a']) {
    const { options, args } = called(build, line)
    assert.deepEqual([options.tag, args], [['a'], ['.']], line)
  }
  assert.deepEqual(called(build, '-t a --tag b -tc .').options.tag, ['a', 'b', 'c'])
  assert.deepEqual(called(build, '-qta .').options, { tag: ['a'], quiet: true })
  assert.deepEqual(called(build, '-t=a=b .').options.tag, ['a=b'])
  assert.equal(called(build, '-f a -f b .').options.file, 'b')
  assert.equal(called(build, '-f - .').options.file, '-')
  assert.equal(called(build, '-f --tag .').options.file, '--tag')
  assert.deepEqual(called(build, '-').args, ['-'])
  assert.equal(called(build, '-T -1 .').options.time, -1)
})

test('booleans', () => {
  for (const [word, value] of [
    ['--quiet', true],
    ['--quiet=true', true],
    ['--quiet=1', true],
    ['--quiet=false', false],
    ['-q=F', false],
  ] as const)
    assert.equal(called(build, `${word} .`).options.quiet, value, word)
  assert.equal(
    refused(build, '--no-cache=maybe', '.').message,
    'invalid argument "maybe" for "--no-cache" flag: must be true or false',
  )
})

test('options end at the first argument where the rest is a command of its own', () => {
  const { options, args } = called(run, '-it -p5000:5000 image sh -c -t --help')
  assert.deepEqual(options, { interactive: true, tty: true, publish: ['5000:5000'] })
  assert.deepEqual(args, ['image', 'sh', '-c', '-t', '--help'])
  assert.deepEqual(called(run, '-- image -x').args, ['image', '-x'])
})

test('help, and a short name that a verb takes for itself', () => {
  assert.equal(parse(build, ['--help']).kind, 'help')
  assert.equal(parse(build, ['.', '-h']).kind, 'help')
  assert.equal(called(run, '-h web image').options.hostname, 'web')
  assert.equal(called(build, '. -D').debug, true)
})

test('mistakes, in the words of docker', () => {
  for (const [words, message, exitCode] of [
    [['--foo', '.'], 'unknown flag: --foo', 125],
    [['--no=x', '.'], 'unknown flag: --no', 125],
    [['-x', '.'], "unknown shorthand flag: 'x' in -x", 125],
    [['-qx', '.'], "unknown shorthand flag: 'x' in -qx", 125],
    [['--file'], 'flag needs an argument: --file', 125],
    [['-t'], "flag needs an argument: 't' in -t", 125],
    [['--=x'], 'bad flag syntax: --=x', 125],
    [['---x'], 'bad flag syntax: ---x', 125],
    [['-T', 'x', '.'], 'invalid argument "x" for "-T, --time" flag: must be a number', 125],
    [['--constructor', '.'], 'unknown flag: --constructor', 125],
    [[], "'strake build' requires 1 argument", 1],
    [['a', 'b'], "'strake build' requires 1 argument", 1],
  ] as const) {
    const { message: got, exitCode: code } = refused(build, ...words)
    assert.deepEqual([got, code], [message, exitCode])
  }
  assert.equal(refused(run).message, "'strake run' requires at least 1 argument")
  const none = { ...build, args: { min: 0, max: 0 } }
  assert.equal(refused(none, 'x').message, "'strake build' accepts no arguments")
  assert.equal(
    refused({ ...build, args: { min: 0, max: 1 } }, 'x', 'y').message,
    "'strake build' requires at most 1 argument",
  )
})

test('guesses what was meant', () => {
  assert.equal(refused(build, '--tga', 'x').hint, 'Did you mean --tag?')
  assert.equal(refused(build, '-tag').kind, 'usage')
  assert.equal(refused(build, '-no-cache', '.').hint, 'Did you mean --no-cache?')
  assert.equal(refused(build, '--no-c', '.').hint, 'Did you mean --no-cache?')
  assert.equal(refused(build, '--wholly-other').hint, undefined)
  assert.equal(refused({ ...build, instead: { tagg: 'Do so.' } }, '--tagg', 'x').hint, 'Do so.')
})
