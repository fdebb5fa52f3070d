import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretsOf, sshOf } from './hand-on.ts'

test('secrets, as buildx reads them', () => {
  const env = { TOKEN: 'x' }
  const read = (value: string) => secretsOf([value], env)
  assert.deepEqual(read('id=a,src=/f'), { a: { kind: 'file', path: '/f' } })
  assert.deepEqual(read('id=a,source=/f,type=file'), { a: { kind: 'file', path: '/f' } })
  assert.deepEqual(read('type=env,id=a,src=V'), { a: { kind: 'env', name: 'V' } })
  assert.deepEqual(read('ID=a,env=V'), { a: { kind: 'env', name: 'V' } })
  assert.deepEqual(read('id=TOKEN'), { TOKEN: { kind: 'env', name: 'TOKEN' } })
  assert.deepEqual(read('id=TOKEN,type=file'), { TOKEN: { kind: 'file', path: 'TOKEN' } })
  assert.deepEqual(read('id=other'), { other: { kind: 'file', path: 'other' } })
  assert.deepEqual(read('id=a,"src=/with,comma"'), { a: { kind: 'file', path: '/with,comma' } })
  assert.deepEqual(read('id=__proto__,env=V'), { ['__proto__']: { kind: 'env', name: 'V' } })
  assert.throws(() => read('foo'), /invalid field 'foo' must be a key=value pair/)
  assert.throws(() => read('id=a,type=bar'), /unsupported secret type "bar"/)
  assert.throws(() => read('src=a'), /secret missing ID/)
  assert.throws(() => read('id=a,scr=b'), { message: "unexpected key 'scr' in 'scr=b'", hint: 'Did you mean src?' })
})

test('SSH agents and keys, as buildx reads them', () => {
  assert.deepEqual(sshOf(['default', 'git=/run/agent', 'keys=a,b']), {
    default: [],
    git: ['/run/agent'],
    keys: ['a', 'b'],
  })
  assert.deepEqual(sshOf(['']), { default: [] })
  assert.throws(() => sshOf(['a=b', 'a=c']), /duplicate agent ID "a"/)
})
