import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from './harness.ts'

describe('what a container may have of its machine', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  /** What a shell line says in a container with these options. */
  const say = (options: readonly string[], line: string) =>
    box.ok(['run', '--rm', '--network', 'none', ...options, 'busybox', 'sh', '-c', line])

  it('limits of its processes, and of those that exec starts', async () => {
    const limits = ['--ulimit', 'nofile=100:200', '--ulimit', 'core=0']
    assert.equal(await say(limits, 'ulimit -Sn; ulimit -Hn; ulimit -c'), '100\n200\n0')
    await box.ok([
      'run',
      '-d',
      '--name',
      'limited',
      '--network',
      'none',
      ...limits,
      '--group-add',
      '77',
      'busybox',
      'sleep',
      '60',
    ])
    assert.equal(await box.ok(['exec', 'limited', 'sh', '-c', 'ulimit -Sn; id -G']), '100\n0 77')
    const shown = ['inspect', '-f', '{{json .HostConfig.Ulimits}} {{.HostConfig.ShmSize}}', 'limited']
    assert.equal(
      await box.ok(shown),
      '[{"Name":"core","Hard":0,"Soft":0},{"Name":"nofile","Hard":200,"Soft":100}] 67108864',
    )
    await box.ok(['rm', '-f', 'limited'])
  })

  it('memory to share, kernel parameters, groups', async () => {
    assert.match(await say(['--shm-size', '1m'], 'grep " /dev/shm " /proc/mounts'), /noexec.*size=1024k/)
    assert.equal(await say(['--ipc', 'none'], 'grep -c " /dev/shm " /proc/mounts; true'), '0')
    const line = 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_unprivileged_port_start'
    assert.equal(await say(['--sysctl', 'kernel.msgmax=10000'], line), '10000\n0')
    assert.equal(await say(['--sysctl', 'net.ipv4.ip_unprivileged_port_start=80'], line), '8192\n80')
    assert.match(await say(['--group-add', '77', '-u', '5:6'], 'grep Groups /proc/self/status'), /\b6\s77\b/)
  })

  it('namespaces of the machine', async () => {
    const spaces = ['ipc', 'pid', 'uts']
    const own = spaces.map((name) => readlinkSync(`/proc/self/ns/${name}`))
    const line = 'for n in ipc pid uts; do readlink /proc/self/ns/$n; done'
    const found = (await say(['--ipc', 'host', '--pid', 'host', '--uts', 'host'], `${line}; hostname`)).split('\n')
    assert.deepEqual(found, [...own, hostname()])
    for (const space of (await say([], line)).split('\n')) assert.ok(!own.includes(space), space)
  })

  it('no process of one that shares the machine’s is left', async () => {
    const marker = `${86_400 + process.pid}`
    await say(['--pid', 'host'], `sleep ${marker} & exit 0`)
    const left = await say(['--pid', 'host'], `ps | grep "sleep ${marker}" | grep -v grep; true`)
    assert.equal(left, '')
  })

  it('devices', async () => {
    const device = ['--device', '/dev/loop-control:/dev/mine:r']
    assert.equal(await say(device, 'ls -l /dev/mine | cut -c1'), 'c')
    assert.match(
      await say(device, 'sh -c ": < /dev/mine" && echo read; sh -c ": > /dev/mine" 2>&1; true'),
      /^read\n.*not permitted/s,
    )
    const { code, stderr: said } = await box.run(['run', '--rm', '--device', '/dev/not-there', 'busybox', 'true'])
    assert.equal(code, 125)
    assert.match(said, /adding custom device "\/dev\/not-there": no such file or directory/)
  })

  it('memory and processors', async () => {
    const limits = [
      '-m',
      '64m',
      '--memory-swap',
      '-1',
      '--memory-reservation',
      '32m',
      '--cpu-quota',
      '50000',
      '--cpuset-cpus',
      '0',
    ]
    const line = `cd /sys/fs/cgroup; cat memory/memory.soft_limit_in_bytes memory.low 2>/dev/null; cat cpu/cpu.cfs_quota_us cpu.max 2>/dev/null
cat cpuset/cpuset.cpus cpuset.cpus 2>/dev/null; cat /proc/1/oom_score_adj`
    const said = await say([...limits, '--oom-score-adj', '500'], line)
    assert.match(said, /^33554432\n50000( 100000)?\n0\n500$/)
    const refused = async (...options: string[]) =>
      (await box.run(['run', '--rm', ...options, 'busybox', 'true'])).stderr
    assert.match(await refused('--memory-swap', '1g'), /You should always set the Memory limit/)
    assert.match(
      await refused('--cpuset-cpus', '4000'),
      /Requested CPUs are not available - requested 4000, available: 0/,
    )
  })

  it('no rights that its user has not', async () => {
    assert.match(await say(['--security-opt', 'no-new-privileges'], 'grep NoNewPrivs /proc/self/status'), /1$/)
  })

  it('names: servers, domains and options of its own', async () => {
    const options = ['--dns', '10.1.2.3', '--dns-search', 'a.b', '--dns-search', 'c', '--dns-option', 'ndots:3']
    assert.equal(await say(options, 'cat /etc/resolv.conf'), 'nameserver 10.1.2.3\nsearch a.b c\noptions ndots:3')
  })

  it('a cgroup below another one', async () => {
    const parent = `strake/test-${process.pid}`
    const { stdout, stderr, code } = await box.run([
      'run',
      '-d',
      '--network',
      'none',
      '--cgroup-parent',
      parent,
      'busybox',
      'sleep',
      '60',
    ])
    assert.equal(code, 0, stderr)
    const pid = await box.ok(['inspect', '-f', '{{.State.Pid}}', stdout.trim()])
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`/${parent}/${stdout.trim()}$`, 'm'))
    await box.ok(['rm', '-f', stdout.trim()])
    const hierarchies = ['', ...readdirSync('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name, parent))
    for (const path of hierarchies) if (existsSync(path)) rmdirSync(path)
  })

  it('no less than one processor’s hundredth and no more than there are', async () => {
    const { code, stderr } = await box.run(['run', '--rm', '--cpus', '100000', 'busybox', 'true'])
    assert.equal(code, 125)
    assert.match(stderr, /range of CPUs is from 0\.01 to \d+\.00, as there are only \d+ CPUs available/)
    assert.equal(await say(['--pids-limit', '-1', '--cpus', '0.5'], 'echo ran'), 'ran')
  })
})
