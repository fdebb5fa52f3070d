import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNetworkNamespace, findProgram } from '../host/mod.ts'
import { cgroupDirectories, removeCgroup } from './cgroups.ts'
import { execute, sweepSteps } from './executor.ts'
import { asRoot, testRoot } from './testing.ts'
import type { ExecuteOptions, SpecOptions, StepOptions } from './types.ts'

const noRunc = findProgram('runc') === undefined && 'needs runc'

async function run(spec: StepOptions, io: Partial<ExecuteOptions> = {}) {
  const output = { stdout: '', stderr: '' }
  const { exitCode } = await execute(spec, {
    onOutput: (stream, chunk) => {
      output[stream] += Buffer.from(chunk).toString()
    },
    ...io,
  })
  return { exitCode, ...output }
}

test('a step gives its output and exit code, and reads what it is given', asRoot, async () => {
  using root = testRoot()
  assert.deepEqual(await run(root.spec(['sh', '-c', 'echo out; echo err >&2; exit 3'])), {
    exitCode: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  assert.equal((await run(root.spec(['cat']))).stdout, '')
  assert.equal((await run(root.spec(['cat']), { stdin: Buffer.from('in') })).stdout, 'in')
  assert.equal((await run(root.spec(['pwd'], { cwd: '/made/up', user: '7:8' }))).stdout, '/made/up\n')
  assert.equal((await run(root.spec(['sh', '-c', 'echo "runc run failed: no" >&2']))).stderr, 'runc run failed: no\n')
})

/** The cgroups of steps below a cgroup, in each hierarchy. */
function stepsIn(cgroupParent: string): string[] {
  return cgroupDirectories(join(cgroupParent, 'strake')).flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.startsWith('step-'))
      .map((name) => join(path, name)),
  )
}

test('steps at the same time have a cgroup each, where it is wanted, and leave none', asRoot, async () => {
  using root = testRoot()
  using other = testRoot()
  const cgroupParent = `strake/test-${process.pid}`
  const controller = new AbortController()
  let ready = 0
  let during: string[] = []
  const io = {
    signal: controller.signal,
    onOutput() {
      if (++ready < 2) return
      during = stepsIn(cgroupParent)
      controller.abort()
    },
  }
  try {
    const specs = [root, other].map(({ spec }) => spec(['sh', '-c', 'echo ready; sleep 4321'], { cgroupParent }))
    await Promise.allSettled(specs.map((spec) => execute(spec, io)))
    assert.equal(new Set(during.map((path) => basename(path))).size, 2, during.join())
    assert.deepEqual(stepsIn(cgroupParent), [])
  } finally {
    await removeCgroup(cgroupParent)
  }
})

test('what can not be started is an error, not output', asRoot, async () => {
  using root = testRoot((lower) => {
    mkdirSync(join(lower, 'etc'))
    writeFileSync(join(lower, 'etc/plain'), '')
    chmodSync(join(lower, 'etc/plain'), 0o644)
  })
  const expected: [string, number, RegExp][] = [
    ['nope', 127, /^exec: "nope": executable file not found in \$PATH$/],
    ['/nope', 127, /^exec: "\/nope": stat \/nope: no such file or directory$/],
    ['/etc/plain', 126, /^exec: "\/etc\/plain": permission denied$/],
  ]
  for (const [program, exitCode, message] of expected) {
    await assert.rejects(run(root.spec([program])), { code: 'failed', exitCode, message })
  }
})

test('a step that may write small files only is started', { skip: asRoot.skip || noRunc }, async () => {
  using root = testRoot()
  const ulimits = [{ name: 'fsize', soft: 512, hard: 512 }]
  assert.equal((await run(root.spec(['sh', '-c', 'ulimit -f'], { ulimits }))).stdout, '1\n')
})

test('what the kernel refuses is output, whichever runtime was there before', {
  skip: asRoot.skip || noRunc,
}, async () => {
  using root = testRoot((lower) => {
    writeFileSync(join(lower, 'format'), 'no program\n')
    writeFileSync(join(lower, 'script'), '#!/bin/nope\n')
    for (const name of ['format', 'script']) chmodSync(join(lower, name), 0o755)
  })
  for (const [program, stderr] of [
    ['/format', 'exec /format: exec format error\n'],
    ['/script', 'exec /script: no such file or directory\n'],
  ] as const) {
    assert.equal((await run(root.spec(['true']))).exitCode, 0)
    const ended = await run(root.spec([program]))
    assert.deepEqual({ ...ended, exitCode: ended.exitCode > 0 }, { exitCode: true, stdout: '', stderr })
  }
})

test('the isolation is Docker’s', asRoot, async () => {
  using root = testRoot()
  const show = async (command: string, more?: Partial<SpecOptions>) =>
    (await run(root.spec(['sh', '-c', command], more))).stdout.trim().split('\n')
  assert.deepEqual(await show("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status | tr '\\t' ' '"), [
    'CapInh: 0000000000000000',
    'CapPrm: 00000000a80425fb',
    'CapEff: 00000000a80425fb',
    'CapBnd: 00000000a80425fb',
    'CapAmb: 0000000000000000',
    'NoNewPrivs: 0',
    'Seccomp: 2',
  ])
  assert.deepEqual(await show('grep CapEff /proc/self/status', { user: '5' }), ['CapEff:\t0000000000000000'])
  // `core` is there where the kernel has /proc/kcore.
  assert.deepEqual(await show('ls /dev | grep -vx core'), [
    ...['fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty'],
    ...['urandom', 'zero'],
  ])
  assert.deepEqual(await show('ls /proc/self/fd | wc -l; hostname; echo $$; ls /proc/acpi /sys/firmware'), [
    '4',
    'test',
    '1',
    '/proc/acpi:',
    '',
    '/sys/firmware:',
  ])
  assert.match(
    (await show('mount -t tmpfs none /tmp 2>&1; unshare -m true 2>&1; true')).join(),
    /denied.*|Operation not/,
  )
  assert.deepEqual(await show('ip -o link | wc -l'), ['1'])
})

test('a step joins a namespace that a descriptor holds', asRoot, async () => {
  using root = testRoot()
  using network = createNetworkNamespace()
  const inode = async (spec: SpecOptions['network']) =>
    (await run(root.spec(['readlink', '/proc/self/ns/net'], { network: spec }))).stdout
  const first = await inode({ path: network.path })
  assert.equal(await inode({ path: network.path }), first)
  assert.notEqual(await inode('new'), first)
})

test('a signal ends the step with everything in it', asRoot, async () => {
  using root = testRoot()
  const controller = new AbortController()
  const spec = root.spec(['sh', '-c', 'sleep 4321 & echo ready; sleep 4321'])
  await assert.rejects(execute(spec, { signal: controller.signal, onOutput: () => controller.abort() }), {
    code: 'cancelled',
  })
  await assert.rejects(execute(spec, { signal: controller.signal, onOutput: () => {} }))
})

test('a step dies with the process that runs it, and the next one cleans up', asRoot, async () => {
  using root = testRoot()
  const cgroupParent = `strake/test-killed-${process.pid}`
  const spec = root.spec(['sh', '-c', 'echo ready; sleep 4321 & sleep 4321'], { cgroupParent })
  const program = `
    import { execute } from ${JSON.stringify(join(import.meta.dirname, 'executor.ts'))}
    await execute(${JSON.stringify(spec)}, { onOutput: (_, chunk) => process.stdout.write(chunk) })`
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const alive = () => stepsIn(cgroupParent).some((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '')
  for (let i = 0; i < 200 && alive(); i++) await sleep(10)
  assert.equal(alive(), false)
  await sweepSteps()
  assert.deepEqual(stepsIn(cgroupParent), [])
  await removeCgroup(cgroupParent)
  assert.deepEqual(
    readdirSync('/run/strake/steps').filter((name) => name.startsWith(`${child.pid}.`)),
    [],
  )
})
