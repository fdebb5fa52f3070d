import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { appendFileSync, cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readArchive } from '../support/archive.ts'
import { examples, executed, freePort, notRoot, page, Sandbox, steps, until } from './harness.ts'

/** What would tell that the host's CA was there: its variables and its file. */
const traces = [
  'SSL_CERT_FILE',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'GIT_SSL_CAINFO',
]

describe('the Python examples', { skip: notRoot }, () => {
  let box: Sandbox
  before(async () => {
    box = new Sandbox()
    await box.debian()
  })
  after(() => box?.[Symbol.asyncDispose]())

  /** Runs the image and gives back the page of its server on `port`. */
  async function serve(image: string, port: number, path = '/'): Promise<string> {
    const host = await freePort()
    const id = await box.ok(['run', '-d', '-p', `${host}:${port}`, image])
    try {
      return await page(`http://localhost:${host}${path}`)
    } finally {
      await box.ok(['rm', '-f', id])
    }
  }

  it('builds, serves, caches and rebuilds the Flask application', async () => {
    const context = join(box.dir, 'flask')
    cpSync(join(examples, 'flask'), context, { recursive: true })
    const build = () => box.run(['build', '-t', 'hello-flask', context])

    const first = await build()
    assert.equal(first.code, 0, first.stderr)
    assert.ok([...steps(first).values()].includes('run'))
    assert.match(await serve('hello-flask', 5000), /Hello from Flask!/)

    const again = await build()
    assert.equal(again.code, 0, again.stderr)
    assert.deepEqual(executed(again), [])

    const page = join(context, 'templates/index.html')
    appendFileSync(page, '<p>changed</p>\n')
    const changed = await build()
    assert.equal(changed.code, 0, changed.stderr)
    assert.deepEqual(executed(changed), [
      'COPY . /app',
      'RUN pip3 install --no-cache-dir --break-system-packages -r requirements.txt',
    ])
    assert.match(await serve('hello-flask', 5000), /changed/)
  })

  it('publishes udp ports', async () => {
    const server =
      'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("", 7)); s.sendto(*s.recvfrom(99)); print("done")'
    const port = await freePort()
    const ports = ['-p', `${port}:7/udp`]
    const id = await box.ok(['run', '-d', ...ports, '--entrypoint', 'python3', 'hello-flask', '-c', server])
    const socket = createSocket('udp4')
    const answers: string[] = []
    socket.on('message', (message) => answers.push(message.toString()))
    try {
      await until(() => {
        socket.send('ping', port, '127.0.0.1')
        return answers.length > 0
      })
      assert.equal(answers[0], 'ping')
    } finally {
      socket.close()
      await box.ok(['rm', '-f', id])
    }
  })

  it('builds the classic tutorial on another base than its FROM line names', async () => {
    await box.ok(['tag', 'debian:bookworm', 'ubuntu'])
    await box.ok(['build', '-t', 'classic', join(examples, 'flask-classic')])
    assert.equal(await serve('classic', 5000), 'Welcome!')
    assert.equal(await serve('classic', 5000, '/how%20are%20you'), 'I am good, how about you?')
  })

  it('says why a server that listens on 127.0.0.1 only can not be reached', async () => {
    const context = box.context({
      Dockerfile: 'FROM classic\nENTRYPOINT FLASK_APP=/opt/source-code/app.py flask run\n',
    })
    await box.ok(['build', '-t', 'local-only', context])
    const port = await freePort()
    const { output, done } = box.start(['run', '--name', 'local', '-p', `${port}:5000`, 'local-only'])
    try {
      await until(() => /127\.0\.0\.1:5000[\s\S]*--host=0\.0\.0\.0/.test(output.stderr))
    } finally {
      await box.ok(['rm', '-f', 'local'])
      await done
    }
  })

  it('builds on a Python base and installs nothing again when only the code changed', async () => {
    const context = join(box.dir, 'python-base')
    cpSync(join(examples, 'flask-python-base'), context, { recursive: true })
    await box.ok(['build', '-t', 'python:3.11', join(context, 'base')])
    await box.ok(['build', '-t', 'tasks', context])
    assert.match(await serve('tasks', 5000), /Hello from Python 3\.11!/)
    assert.deepEqual(JSON.parse(await serve('tasks', 5000, '/tasks')).length, 3)

    appendFileSync(join(context, 'app.py'), '\n# changed\n')
    const changed = await box.run(['build', '-t', 'tasks', context])
    assert.equal(changed.code, 0, changed.stderr)
    assert.deepEqual(executed(changed), ['COPY . .'])
  })

  it('leaves no trace of the host’s CA in the image', async () => {
    const context = box.context({
      Dockerfile: 'FROM python:3.11\nRUN pip install --no-cache-dir flask==2.3.2\n',
    })
    await box.ok(['build', '--no-cache', '-t', 'clean', context])

    const archive = join(box.dir, 'clean.tar')
    await box.ok(['save', '-o', archive, 'clean'])
    const { config, layers } = readArchive(readFileSync(archive))
    const told = JSON.stringify(config)
    for (const trace of traces) assert.ok(!told.includes(trace), `the configuration names ${trace}`)

    const own = layers.at(-1)!
    assert.ok(own.some(({ path }) => path.endsWith('flask/app.py')))
    const bundles = traces.map((name) => process.env[name]).filter((path) => path !== undefined)
    const certificates = bundles.map((path) => readFileSync(path))
    for (const member of own) {
      if (member.kind !== 'file') continue
      assert.ok(!certificates.some((bundle) => member.content.equals(bundle)), `${member.path} is the CA bundle`)
      for (const path of bundles) assert.ok(!member.content.includes(path), `${member.path} names ${path}`)
    }
    assert.equal(await box.ok(['run', '--rm', 'clean', 'sh', '-c', `env | grep -E '${traces.join('|')}' || true`]), '')
  })
})
