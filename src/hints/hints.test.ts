import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loopbackOnly, missingSource, portTaken, swallowedCmd } from './mod.ts'

describe('missing source', () => {
  test('left out', () => {
    const ignoredBy = { file: '.dockerignore', line: 3, pattern: '*.txt' }
    const { cause, fix } = missingSource('./requirements.txt', { names: [], ignoredBy })
    assert.match(cause, /line 3 of \.dockerignore \(\*\.txt\) leaves it out/)
    assert.match(fix, /!requirements\.txt$/)
  })

  test('near names', () => {
    assert.match(missingSource('requirment.txt', { names: ['app.py', 'requirements.txt'] }).fix, /"requirements.txt"/)
    assert.match(missingSource('/app.py', { names: ['src/app.py'] }).fix, /"src\/app.py"/)
    assert.match(missingSource('x', { names: ['app.py', 'lib'] }).fix, /app\.py, lib$/)
    assert.match(missingSource('./link', { names: ['link'] }).cause, /"\.\/link" is a symbolic link/)
    assert.match(missingSource('x', { names: [] }).fix, /the build context may be another/)
    assert.match(missingSource('x', { names: [], tree: 'stage build' }).cause, /in stage build\.$/)
  })

  test('outside', () => {
    assert.match(missingSource('../shared', { names: ['shared'] }).cause, /outside the build context/)
  })
})

test('a taken port', () => {
  assert.deepEqual(portTaken(5000, 'container web'), {
    cause: 'Port 5000 of this machine is already taken by container web.',
    fix: 'Publish on another one (-p 5001:…), or stop that first.',
  })
  assert.match(portTaken(65535, undefined).fix, /65534/)
})

test('a server on the loopback only', () => {
  for (const [process, expected] of [
    ['/usr/bin/python3 /usr/local/bin/flask run', /flask run --host=0\.0\.0\.0/],
    ['python app.py', /host='0\.0\.0\.0'/],
    ['/usr/bin/python3 manage.py runserver', /runserver 0\.0\.0\.0:8000/],
    ['uvicorn main:app', /uvicorn --host/],
    ['/usr/local/bin/python /usr/local/bin/gunicorn app:app', /--bind=0\.0\.0\.0:8000/],
    ['node /app/node_modules/.bin/vite', /vite --host/],
    ['node server.js', /listen\(port, '0\.0\.0\.0'\)/],
    ['./myserver', /--host=0\.0\.0\.0/],
  ] as const) {
    const { cause, fix } = loopbackOnly(8000, process)
    assert.match(cause, /127\.0\.0\.1:8000/)
    assert.match(fix, expected)
  }
})

describe('a CMD that is swallowed', () => {
  test('by the shell form', () => {
    const found = swallowedCmd(['/bin/sh', '-c', 'FLASK_APP=/opt/app.py flask run'], ['--port', '80'])
    assert.match(found?.cause ?? '', /--port 80/)
    assert.match(found?.fix ?? '', /ENV FLASK_APP=\/opt\/app\.py and ENTRYPOINT \["flask", "run"\]/)
    assert.match(
      swallowedCmd(['/bin/sh', '-c', 'a && b'], ['x'])?.fix ?? '',
      /\["\/bin\/sh", "-c", "a && b \\"\$@\\"", "sh"\]/,
    )
  })

  test('not otherwise', () => {
    assert.equal(swallowedCmd(['/bin/sh', '-c', 'app'], []), undefined)
    assert.equal(swallowedCmd(['app'], ['x']), undefined)
    assert.equal(swallowedCmd([], ['x']), undefined)
    assert.equal(swallowedCmd(['/bin/sh', '-c', 'exec app "$@"'], ['x']), undefined)
    assert.equal(swallowedCmd(['/bin/sh', '-c', 'app "$@"', 'sh'], ['x']), undefined)
  })
})
