import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { notRoot, Sandbox, strake } from './harness.ts'

/** A terminal of 33 rows and 111 columns in which `strake` runs. */
class Pty implements Disposable {
  readonly #child: ChildProcess
  readonly exitCode: Promise<number | null>
  screen = ''

  constructor(box: Sandbox, args: readonly string[]) {
    const line = `stty rows 33 cols 111; echo $$; exec ${[strake, ...args].map((word) => `'${word}'`).join(' ')}`
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...process.env, ...box.env, NO_COLOR: '1', STRAKE_ROOT: box.root, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.screen += text
    })
    this.exitCode = new Promise((resolve) => this.#child.once('close', resolve))
  }

  type(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** Waits until something is on the screen, and forgets what was there. */
  async see(pattern: RegExp): Promise<RegExpExecArray> {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      const found = pattern.exec(this.screen)
      if (found) {
        this.screen = this.screen.slice(found.index + found[0].length)
        return found
      }
      await sleep(20)
    }
    throw new Error(`${pattern} is not on the screen: ${JSON.stringify(this.screen)}`)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

const prompt = /[#$] /

describe('the terminal of a container', { skip: notRoot, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.busybox()
  })
  after(() => box?.[Symbol.asyncDispose]())

  it('is as large as ours and grows with it, takes keys, and gives the exit code', async () => {
    using pty = new Pty(box, ['run', '-it', '--rm', 'busybox', 'sh'])
    const [, pid] = await pty.see(/(\d+)\r\n/)
    await pty.see(prompt)
    pty.type('echo size $(stty size) on $(tty) $TERM\n')
    await pty.see(/size 33 111 on \/dev\/pts\/0 xterm\r\n/)
    const tty = execFileSync('readlink', [`/proc/${pid}/fd/0`], { encoding: 'utf8' }).trim()
    execFileSync('stty', ['-F', tty, 'rows', '50', 'cols', '99'])
    for (let i = 0; i < 100 && !/size 50 99\r\n/.test(pty.screen); i++) {
      pty.type('echo size $(stty size)\n')
      await sleep(100)
    }
    await pty.see(/size 50 99\r\n/)
    pty.type('printf "%s-\\n-%s\\n" a b\n')
    // Each line feed comes as the container's terminal sends it, with one carriage return.
    await pty.see(/a-\r\n-b\r\n/)
    pty.type('sleep 100; echo after $?\n')
    await sleep(300)
    pty.type('\x03')
    await pty.see(prompt)
    pty.type('exit 5\n')
    assert.equal(await pty.exitCode, 5)
  })

  it('can be left and joined again', async () => {
    using first = new Pty(box, ['run', '-it', '--name', 'left', 'busybox', 'sh'])
    await first.see(prompt)
    first.type('\x10\x11')
    await first.see(/read escape sequence/)
    assert.equal(await first.exitCode, 0)
    using second = new Pty(box, ['attach', 'left'])
    await sleep(500)
    second.type('echo still $((20+3))\n')
    await second.see(/still 23\r\n/)
    second.type('exit 3\n')
    assert.equal(await second.exitCode, 3)
    await box.ok(['rm', 'left'])
  })

  it('is also for exec', async () => {
    await box.ok(['run', '-d', '--name', 'bg', 'busybox', 'sleep', '1000'])
    using pty = new Pty(box, ['exec', '-it', 'bg', 'sh'])
    await pty.see(prompt)
    pty.type('echo size $(stty size)\n')
    // The runtime sets the terminal up while the shell begins: a shell that was faster prints one carriage return more.
    await pty.see(/size 33 111\r{1,2}\n/)
    pty.type('exit 6\n')
    assert.equal(await pty.exitCode, 6)
    await box.ok(['rm', '-f', 'bg'])
  })

  it('answers the questions of a login, one after the other or at once, and Ctrl-C ends them', async () => {
    // Nobody listens at that port: who says so has asked for both.
    const login = ['login', 'localhost:1']
    for (const typed of [['alice\n', 'secreT\x7ft\n'], ['alice\nsecret\n']]) {
      using pty = new Pty(box, login)
      await pty.see(/Username: /)
      pty.type(typed[0]!)
      await pty.see(/Password: /)
      if (typed[1]) pty.type(typed[1])
      await pty.see(/localhost:1 can't be reached/)
      assert.equal(await pty.exitCode, 1)
      // Typed ahead, it was shown before the question came.
      if (typed[1]) assert.doesNotMatch(pty.screen, /secre/)
    }
    for (const before of ['', 'alice\n']) {
      using pty = new Pty(box, login)
      await pty.see(/Username: /)
      if (before) {
        pty.type(before)
        await pty.see(/Password: /)
      }
      pty.type('\x03')
      assert.equal(await pty.exitCode, 130)
    }
  })

  it('is asked for where there is none', async () => {
    const { code, stderr } = await box.run(['run', '--rm', '-it', 'busybox', 'sh'])
    assert.equal(code, 125)
    assert.match(stderr, /the input device is not a TTY/)
  })

  it('passes Ctrl-C on to a container without one', async () => {
    const script = 'trap "echo bye; exit 4" INT; echo up; while :; do sleep 0.1; done'
    using pty = new Pty(box, ['run', '--rm', 'busybox', 'sh', '-c', script.replaceAll("'", '"')])
    await pty.see(/up\r\n/)
    pty.type('\x03')
    await pty.see(/bye\r\n/)
    assert.equal(await pty.exitCode, 4)
  })
})
