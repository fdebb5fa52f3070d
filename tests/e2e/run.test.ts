import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort, notRoot, page, Sandbox, until } from './harness.ts'

describe('strake run', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  const run = (...args: string[]) => box.ok(['run', '--rm', ...args])
  const gone = async () => assert.equal(await box.ok(['ps', '-aq']), '')

  it('passes output, errors, input and the exit code on', async () => {
    const result = await box.run(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2; exit 7'], {
      input: 'in',
    })
    assert.deepEqual(result, { stdout: 'in', stderr: 'err\n', code: 7 })
    await gone()
  })

  it('ends as docker does where a command can not be started', async () => {
    assert.equal((await box.run(['run', '--rm', 'busybox', 'no-such-command'])).code, 127)
    assert.equal((await box.run(['run', '--rm', 'busybox', '/etc/passwd'])).code, 126)
    assert.equal((await box.run(['run', '--rm', 'no-such-image'])).code, 125)
    await gone()
  })

  it('passes signals on', async () => {
    const { child, output, done } = box.start([
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "echo got it; exit 3" TERM; echo ready; while :; do sleep 0.1; done',
    ])
    try {
      await until(() => output.stdout.includes('ready'))
    } finally {
      child.kill('SIGTERM')
    }
    const { stdout, code, stderr } = await done
    assert.equal(stdout, 'ready\ngot it\n', stderr)
    assert.equal(code, 3)
    await gone()
  })

  it('sets environment, working folder, user, host name and entry point', async () => {
    writeFileSync(join(box.dir, 'env'), '# comment\nFROM_FILE=1\nPASSED\n')
    const env = await box.ok(
      ['run', '--rm', '-e', 'A=b c', '-e', 'PASSED', '--env-file', join(box.dir, 'env'), 'busybox', 'env'],
      { env: { PASSED: 'on' } },
    )
    for (const line of ['A=b c', 'PASSED=on', 'FROM_FILE=1']) assert.ok(env.split('\n').includes(line), env)
    assert.equal(await run('-w', '/tmp/new', 'busybox', 'pwd'), '/tmp/new')
    assert.equal(await run('-u', '1234:56', 'busybox', 'sh', '-c', 'id -u; id -g'), '1234\n56')
    assert.equal(await run('--hostname', 'here', 'busybox', 'hostname'), 'here')
    assert.equal(await run('--entrypoint', 'echo', 'busybox', 'a', 'b'), 'a b')
  })

  it('mounts folders, read-only ones, and named volumes that stay', async () => {
    const dir = box.context({ file: 'from outside' })
    assert.equal(await run('-v', `${dir}:/mnt:ro`, 'busybox', 'cat', '/mnt/file'), 'from outside')
    assert.notEqual((await box.run(['run', '--rm', '-v', `${dir}:/mnt:ro`, 'busybox', 'touch', '/mnt/x'])).code, 0)
    await run('-v', 'data:/data', 'busybox', 'sh', '-c', 'echo kept > /data/file')
    assert.equal(await run('-v', 'data:/data', 'busybox', 'cat', '/data/file'), 'kept')
  })

  it('has files that every user can read, whatever the umask here, and leaves those for the caller to it', async () => {
    const old = process.umask(0o077)
    try {
      const source = join(box.dir, 'made')
      const paths = ['/etc/hosts', '/etc/resolv.conf', '/volume', '/bind', '/new']
      const modes = ['-v', 'open:/volume', '-v', `${source}:/bind`, '-w', '/new/dir', 'busybox', 'stat', '-c', '%a']
      assert.equal(await run(...modes, ...paths), '644\n644\n755\n755\n755')
      const step = box.context({ Dockerfile: 'FROM busybox\nRUN stat -c %a /etc/hosts /etc/resolv.conf > /modes\n' })
      await box.ok(['build', '-q', '-t', 'modes', '-o', `type=oci,dest=${join(box.dir, 'modes.tar')}`, '--load', step])
      assert.equal(await run('modes', 'cat', '/modes'), '644\n644')
      assert.equal(statSync(join(box.dir, 'modes.tar')).mode & 0o777, 0o600)
    } finally {
      process.umask(old)
    }
  })

  it('isolates like docker', async () => {
    const status = await run('busybox', 'grep', '-E', '^(CapEff|NoNewPrivs|Seccomp):', '/proc/self/status')
    assert.match(status, /CapEff:\s+00000000a80425fb/)
    assert.match(status, /NoNewPrivs:\s+0/)
    assert.match(status, /Seccomp:\s+2/)
    assert.equal(await run('busybox', 'sh', '-c', 'echo $$; ls /proc/self/fd | wc -l'), '1\n4')
    assert.notEqual((await box.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo 1 > /proc/sys/kernel/panic'])).code, 0)
    assert.equal(await run('--network', 'none', 'busybox', 'ls', '/sys/class/net'), 'lo')
  })

  it('gives a terminal with -t', async () => {
    assert.match(await run('-t', 'busybox', 'tty'), /^\/dev\/(pts\/0|console)\r?$/)
  })

  it('runs detached: names, logs, exec, port, stop, wait, rm', async () => {
    const port = await freePort()
    const script = 'mkdir /www && echo served > /www/index.html && echo up && exec httpd -f -p 80 -h /www'
    const id = await box.ok(['run', '-d', '--name', 'web', '-p', `${port}:80`, 'busybox', 'sh', '-c', script])
    assert.match(id, /^[0-9a-f]{64}$/)
    for (const host of ['localhost', '127.0.0.1']) assert.equal(await page(`http://${host}:${port}/`), 'served\n')
    assert.match(await box.ok(['port', 'web']), new RegExp(`80/tcp -> 0\\.0\\.0\\.0:${port}`))
    assert.equal(await box.ok(['logs', 'web']), 'up')
    assert.equal(await box.ok(['exec', 'web', 'cat', '/www/index.html']), 'served')
    assert.equal((await box.run(['exec', 'web', 'sh', '-c', 'exit 9'])).code, 9)
    assert.match(await box.ok(['ps', '--format', '{{.Names}} {{.Image}} {{.Status}}']), /^web busybox Up /)

    const taken = await box.run(['run', '--rm', '-p', `${port}:80`, 'busybox', 'true'])
    assert.equal(taken.code, 125)
    assert.match(taken.stderr, /web/)
    assert.equal((await box.run(['run', '--rm', '--name', 'web', 'busybox', 'true'])).code, 125)

    await box.ok(['kill', 'web'])
    assert.equal(await box.ok(['wait', 'web']), '137')
    assert.match(await box.ok(['ps', '-a', '--format', '{{.Status}}']), /^Exited \(137\)/)
    await box.ok(['rm', 'web'])
    await gone()
  })

  it('follows logs from where it is told', async () => {
    const script = 'for i in 1 2 3 4 5; do echo $i; done; until [ -e /go ]; do sleep 0.05; done; echo last'
    await box.ok(['run', '-d', '--name', 'talk', 'busybox', 'sh', '-c', script])
    const { child, output, done } = box.start(['logs', '-f', '--tail', '2', 'talk'])
    await once(child.stdout, 'data')
    await box.ok(['exec', 'talk', 'touch', '/go'])
    assert.equal((await done).code, 0)
    assert.equal(output.stdout, '4\n5\nlast\n')
    assert.match(await box.ok(['logs', '-t', '--tail', '1', 'talk']), /^\d{4}-\d\d-\d\dT[\d:.]+Z last$/)
    assert.equal(await box.ok(['logs', '--since', '2099-01-01T00:00:00Z', 'talk']), '')
    await box.ok(['rm', 'talk'])
    await gone()
  })
})
