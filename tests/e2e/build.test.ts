import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { member, writeTar } from '../support/tar.ts'
import { executed, notRoot, Sandbox } from './harness.ts'

describe('strake build', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  const show = (image: string, ...command: string[]) => box.ok(['run', '--rm', '--network', 'none', image, ...command])
  const dockerfile = 'FROM busybox\nCOPY hello /hello\nCMD ["cat", "/hello"]\n'

  it('takes what docker takes, and says of what it does not do', async () => {
    const context = box.context({ Dockerfile: 'FROM busybox\nRUN ulimit -n; df /dev/shm\n' })
    const given = ['--ulimit', 'nofile=123', '--shm-size', '2m', '--rm', '--force-rm', '--compress', '-c', '5']
    const { stderr, code } = await box.run(['build', '--progress', 'plain', ...given, '-m', '1g', '--squash', context])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^(?:\S+ )*123$/m)
    assert.match(stderr, /tmpfs +2048 /)
    const warnings = stderr.split('\n').filter((line) => line.startsWith('WARNING: '))
    assert.deepEqual(
      warnings.map((line) => line.split(' ').slice(1, 4).join(' ')),
      ['--squash does nothing:', '--memory does nothing:', '--cpu-shares does nothing:'],
    )
    const refused = await box.run(['build', '--ulimit', 'nofile', context])
    assert.equal(
      refused.stderr.split('\n')[0],
      'ERROR: invalid argument "nofile" for "--ulimit" flag: invalid ulimit argument: nofile',
    )
  })

  describe('takes its context', () => {
    const files = { Dockerfile: dockerfile, hello: 'hello' }

    it('from a folder, by default with its Dockerfile', async () => {
      await box.ok(['build', '-t', 'a', '-t', 'a:second', '-t', 'example.org/team/a:1', '.'], {
        cwd: box.context(files),
      })
      for (const name of ['a', 'a:second', 'example.org/team/a:1']) assert.equal(await show(name), 'hello')
    })

    it('from a folder, with another Dockerfile, relative to the current folder', async () => {
      const dir = box.context({ 'ctx/hello': 'hello', 'files/My.Dockerfile': dockerfile })
      await box.ok(['build', '-t', 'b', '-f', 'files/My.Dockerfile', 'ctx'], { cwd: dir })
      assert.equal(await show('b'), 'hello')
    })

    it('from the folder of the one Dockerfile it is given', async () => {
      await box.ok(['build', '-t', 'c', join(box.context(files), 'Dockerfile')])
      assert.equal(await show('c'), 'hello')
    })

    it('from nowhere, when the Dockerfile comes by standard input', async () => {
      await box.ok(['build', '-t', 'd', '-'], { input: 'FROM busybox\nRUN echo made > /made\n' })
      assert.equal(await show('d', 'cat', '/made'), 'made')
    })

    it('from a folder, when the Dockerfile comes by standard input', async () => {
      await box.ok(['build', '-t', 'e', '-f', '-', box.context({ hello: 'there' })], { input: dockerfile })
      assert.equal(await show('e'), 'there')
    })

    for (const [name, pack] of [
      ['a tar', (tar: Buffer) => tar],
      ['a compressed tar', (tar: Buffer) => gzipSync(tar)],
    ] as const) {
      it(`from ${name} on standard input`, async () => {
        const input = pack(writeTar([member.file('Dockerfile', dockerfile), member.file('hello', name)]))
        await box.ok(['build', '-t', 'f', '-'], { input })
        assert.equal(await show('f'), name)
      })
    }

    it('from a git repository, its branches and folders', async () => {
      const dir = box.context({
        Dockerfile: dockerfile,
        hello: 'main',
        'sub/Dockerfile': dockerfile,
        'sub/hello': 'sub',
      })
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
          cwd: dir,
          stdio: 'pipe',
        })
      git('init', '-q', '-b', 'main')
      git('add', '.')
      git('commit', '-q', '-m', 'first')
      git('checkout', '-q', '-b', 'other')
      writeFileSync(join(dir, 'hello'), 'other')
      git('commit', '-q', '-a', '-m', 'second')
      git('checkout', '-q', 'main')
      for (const [fragment, hello] of [
        ['', 'main'],
        ['#other', 'other'],
        ['#main:sub', 'sub'],
      ] as const) {
        await box.ok(['build', '-t', 'g', `file://${dir}/.git${fragment}`])
        assert.equal(await show('g'), hello)
      }
    })
  })

  it('writes the id to --iidfile and, with -q, prints nothing else', async () => {
    const dir = box.context({ Dockerfile: 'FROM busybox\nLABEL quiet=1\n' })
    const { stdout, stderr, code } = await box.run(['build', '-q', '--iidfile', 'id', '-t', 'quiet', dir])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/)
    assert.equal(readFileSync(join(box.dir, 'id'), 'utf8'), stdout.trim())
    assert.equal(await box.ok(['inspect', '--format', '{{.Id}}', 'quiet']), stdout.trim())
  })

  it('leaves out what .dockerignore names', async () => {
    const dir = box.context({
      Dockerfile: 'FROM busybox\nCOPY . /all\nCMD cd /all && find . -type f | sort\n',
      '.dockerignore': 'Dockerfile\n.dockerignore\n**/*.log\n!keep.log\nnode_modules\nweb/*\n!web/index.html\n',
      'a.txt': '',
      'b.log': '',
      'keep.log': '',
      'sub/c.log': '',
      'node_modules/m/index.js': '',
      'web/app.js': '',
      'web/index.html': '',
    })
    await box.ok(['build', '-t', 'ignore', dir])
    assert.equal(await show('ignore'), './a.txt\n./keep.log\n./web/index.html')
  })

  it('never runs a stage that nobody needs, and stops at --target', async () => {
    const dir = box.context({
      Dockerfile: [
        'FROM busybox AS one',
        'RUN echo one > /one',
        'FROM busybox AS unused',
        'RUN false',
        'FROM busybox AS final',
        'COPY --from=one /one /',
        'FROM final AS after',
        'RUN false',
      ].join('\n'),
    })
    await box.ok(['build', '-t', 'stages', '--target', 'final', dir])
    assert.equal(await show('stages', 'cat', '/one'), 'one')
  })

  it('gives build arguments and labels, and fails a RUN by its own exit code', async () => {
    const dir = box.context({ Dockerfile: 'FROM busybox\nARG WHO=nobody\nRUN echo "$WHO" > /who\n' })
    await box.ok(['build', '-t', 'args', '--build-arg', 'WHO=me', '--label', 'by=hand', dir])
    assert.equal(await show('args', 'cat', '/who'), 'me')
    assert.equal(await box.ok(['inspect', '--format', '{{index .Config.Labels "by"}}', 'args']), 'hand')

    const failed = await box.run(['build', box.context({ Dockerfile: 'FROM busybox\nRUN echo out; exit 42\n' })])
    assert.equal(failed.code, 1)
    assert.match(failed.stderr, /Dockerfile:2/)
    assert.match(failed.stderr, /exit code:? 42/)
  })

  describe('caches', () => {
    const build = (dir: string, ...more: string[]) => box.run(['build', '--progress', 'plain', ...more, dir])
    const lines = ['RUN echo first > /1', 'COPY src /src', 'RUN cat /src/* > /2', 'COPY other /other']
    const salt = (name: string) => `ENV SALT=${name}`
    /** A project whose steps are in nobody's cache. */
    const project = (name: string) =>
      box.context({
        Dockerfile: ['FROM busybox', salt(name), ...lines].join('\n'),
        'src/a': 'a',
        'src/b': 'b',
        other: 'other',
      })
    /** The steps that made a layer in a build that went well. */
    const ran = async (dir: string) => {
      const result = await build(dir)
      assert.equal(result.code, 0, result.stderr)
      return executed(result)
    }

    it('everything when nothing changed, also when files were only touched', async () => {
      const dir = project('same')
      assert.deepEqual(await ran(dir), lines)
      assert.deepEqual(await ran(dir), [])
      utimesSync(join(dir, 'src/a'), new Date(), new Date(0))
      assert.deepEqual(await ran(dir), [])
    })

    it('up to the COPY whose files changed', async () => {
      const dir = project('content')
      await ran(dir)
      writeFileSync(join(dir, 'src/a'), 'A')
      assert.deepEqual(await ran(dir), lines.slice(1))
      writeFileSync(join(dir, 'other'), 'Other')
      assert.deepEqual(await ran(dir), lines.slice(3))
    })

    it('not past a change of a mode or a name', async () => {
      const dir = project('mode')
      await ran(dir)
      chmodSync(join(dir, 'src/b'), 0o600)
      assert.deepEqual((await ran(dir))[0], lines[1])
      renameSync(join(dir, 'src/a'), join(dir, 'src/c'))
      assert.deepEqual((await ran(dir))[0], lines[1])
      rmSync(join(dir, 'src/b'))
      assert.deepEqual(await ran(dir), lines.slice(1))
    })

    it('nothing with --no-cache', async () => {
      const dir = project('none')
      await ran(dir)
      assert.deepEqual(executed(await build(dir, '--no-cache')), lines)
    })

    it('the finished steps of a build that failed', async () => {
      const dir = project('failed')
      const file = join(dir, 'Dockerfile')
      writeFileSync(file, ['FROM busybox', salt('failed'), lines[0], 'RUN exit 3', lines[1]].join('\n'))
      assert.equal((await build(dir)).code, 1)
      writeFileSync(file, ['FROM busybox', salt('failed'), lines[0], 'RUN exit 0', lines[1]].join('\n'))
      assert.deepEqual(await ran(dir), ['RUN exit 0', lines[1]])
    })
  })

  describe('explains', () => {
    const fails = async (lines: string, files: Record<string, string> = {}) => {
      const result = await box.run(['build', box.context({ Dockerfile: lines, ...files })])
      assert.equal(result.code, 1, result.stderr)
      return result.stderr
    }

    it('a missing source, with the nearest names', async () => {
      const stderr = await fails('FROM busybox\nCOPY requirments.txt /\n', { 'requirements.txt': '' })
      assert.match(stderr, /Dockerfile:2/)
      assert.match(stderr, /requirements\.txt/)
    })

    it('a missing source of several, at its very word, whatever stands below', async () => {
      const stderr = await fails('FROM busybox\nCOPY a.txt b.txt /\nRUN true\n', { 'a.txt': '' })
      assert.match(stderr, /Dockerfile:2:12\n.*\n 2 \| COPY a\.txt b\.txt \/\n {16}\^{5}\n/)
    })

    it('a missing source that .dockerignore hides', async () => {
      const stderr = await fails('FROM busybox\nCOPY secret.txt /\n', { 'secret.txt': '', '.dockerignore': '*.txt\n' })
      assert.match(stderr, /\.dockerignore/)
    })

    it('capitals in an image name', async () => {
      assert.match(await fails('FROM BusyBox\n'), /busybox/)
    })

    it('an instruction that is written wrong', async () => {
      const stderr = await fails('FROM busybox\nRUNN true\n')
      assert.match(stderr, /Dockerfile:2/)
      assert.match(stderr, /RUN\b/)
    })

    it('a script with Windows line ends', async () => {
      const stderr = await fails('FROM busybox\nCOPY run.sh /\nRUN /run.sh\n', { 'run.sh': '#!/bin/sh\r\necho hi\r\n' })
      assert.match(stderr, /CRLF|line end/i)
    })

    it('a script without its interpreter', async () => {
      const stderr = await fails('FROM busybox\nCOPY run.sh /\nRUN /run.sh\n', { 'run.sh': '#!/bin/bash\necho hi\n' })
      assert.match(stderr, /\/bin\/bash/)
    })

    it('a context that is not there', async () => {
      const result = await box.run(['build', join(box.dir, 'nowhere')])
      assert.equal(result.code, 1)
      assert.match(result.stderr, /nowhere/)
    })

    it('a folder without a Dockerfile', async () => {
      const result = await box.run(['build', box.context({ dockerfile_: '' })])
      assert.equal(result.code, 1)
      assert.match(result.stderr, /Dockerfile/)
    })
  })
})
