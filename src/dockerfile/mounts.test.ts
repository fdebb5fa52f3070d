import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StrakeError } from '../lib/mod.ts'
import { parseDockerfile, type RunInstruction, type RunMount, runMounts, type Word } from './mod.ts'

function read(line: string, expand = (word: Word) => word.text): RunMount[] {
  const { stages } = parseDockerfile(`FROM x\n${line}\n`, 'Dockerfile')
  return runMounts(stages[0]!.instructions[0] as RunInstruction, expand)
}

/** The mount's options that are not what they are by default. */
function options(mount: string): Record<string, unknown> {
  const [found] = read(`RUN --mount=${mount} true`)
  const { range: _, ...rest } = found!
  const usual: Record<string, unknown> = { type: 'bind', id: '', target: '', required: false, sharing: 'shared' }
  const own = Object.entries(rest).filter(([name, value]) => value !== usual[name])
  return Object.fromEntries(own.map(([name, value]) => [name, (value as Word | undefined)?.text ?? value]))
}

describe('options of RUN --mount', () => {
  const cases: readonly [string, Record<string, unknown>][] = [
    ['target=/x', { target: '/x', readonly: true }],
    ['type=bind,dst=/x,src=a,from=b', { target: '/x', source: 'a', from: 'b', readonly: true }],
    ['destination=/x,rw', { target: '/x', readonly: false }],
    ['target=/x,readwrite=0', { target: '/x', readonly: true }],
    ['target=/x,readonly=F', { target: '/x', readonly: false }],
    ['target=/x,ro,rw', { target: '/x', readonly: false }],
    ['target=/x,target=/y', { target: '/y', readonly: true }],
    ['type=CACHE,TARGET=/x', { type: 'cache', target: '/x', readonly: false }],
    [
      'type=cache,target=/x,id=i,sharing=Locked,mode=0750,uid=1,gid=2,ro',
      { type: 'cache', target: '/x', id: 'i', sharing: 'locked', mode: 0o750, uid: 1, gid: 2, readonly: true },
    ],
    ['type=tmpfs,target=/x,size=1.5k', { type: 'tmpfs', target: '/x', size: 1536, readonly: false }],
    ['type=secret,id=s,env=S,required', { type: 'secret', id: 's', env: 'S', required: true, readonly: true }],
    ['type=secret,src=s,required=false', { type: 'secret', source: 's', readonly: true }],
    ['type=ssh', { type: 'ssh', readonly: true }],
    [`'type=bind,"target=/a,b",source=c'`, { target: '/a,b', source: 'c', readonly: true }],
    ['target=/x,source=""', { target: '/x', source: '', readonly: true }],
    [`'"target=/a""b"'`, { target: '/a"b', readonly: true }],
  ]
  for (const [text, expected] of cases) {
    it(text, () => {
      const found = options(text)
      assert.deepEqual(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)), expected)
    })
  }
})

describe('what is wrong with a mount is told at the very word', () => {
  /** The word that the caret stands under. */
  const at = (line: string, { range }: StrakeError) => {
    const lines = `FROM x\n${line}`.split('\n')
    return lines[range!.start.line - 1]!.slice(range!.start.column - 1, range!.end.column - 1)
  }
  const cases: readonly [mount: string, message: RegExp, word: string, hint?: RegExp][] = [
    ['type=bnd,target=/x', /^unsupported mount type "bnd"$/, 'bnd', /bind/],
    ['type=tmpfs,targt=/x', /^unexpected key 'targt' in 'targt=\/x'$/, 'targt', /target/],
    ['target=/x,foo', /^invalid field 'foo' must be a key=value pair$/, 'foo'],
    ['type=cache,target=/x,sharing=lokked', /^unsupported sharing value "lokked"$/, 'lokked', /locked/],
    ['target=/x,sharing=locked', /^invalid cache sharing set for bind mount$/, 'sharing=locked'],
    ['target=/x,mode=1', /^mode not allowed for "bind" type mounts$/, 'mode=1'],
    ['type=tmpfs,target=/x,uid=1', /^uid not allowed for "tmpfs" type mounts$/, 'uid=1'],
    ['type=secret,id=s,mode=9', /^invalid value 9 for mode$/, '9'],
    ['type=cache,target=/x,uid=99999999999', /^invalid value 99999999999 for uid$/, '99999999999'],
    ['type=cache,target=/x,gid=-1', /^invalid value -1 for gid$/, '-1'],
    ['required,type=secret,id=s', /^unexpected key 'required' for mount type 'bind'$/, 'required'],
    ['target=/x,size=1', /^unexpected key 'size' for mount type 'bind'$/, 'size'],
    ['type=tmpfs,target=/x,size=zz', /^invalid value for size: zz$/, 'zz'],
    ['target=/x,rw=maybe', /^invalid value for rw: maybe$/, 'maybe'],
    ['type=secret', /^invalid secret mount. one of source, target required$/, '--mount=type=secret', /id=NAME/],
    ['type=secret,id=a,from=b', /^secret mount should not have a from$/, 'from=b'],
    ['type=secret,id=a,src=b', /^both source and id can't be set$/, 'src=b'],
    ['type=ssh,source=b', /^ssh does not support source$/, 'source=b'],
    ["'target=/x,fo\"o'", /bare " in non-quoted-field/, '"'],
    ["'target=/x,\"foo'", /extraneous or missing " in quoted-field/, '"foo'],
    ['target=/x,from=$F', /'from' doesn't support variable expansion/, '$F'],
    ['', /failed to parse csv mounts: EOF/, '--mount='],
  ]
  for (const [mount, message, word, hint] of cases) {
    it(mount || '(empty)', () => {
      const line = `RUN --mount=${mount} true`
      assert.throws(
        () => read(line),
        (error: StrakeError) => {
          assert.match(error.message, message)
          assert.equal(at(line, error), word)
          if (hint) assert.match(error.hint ?? '', hint)
          return error.code === 'invalid'
        },
      )
    })
  }

  it('on a continued line', () => {
    const line = 'RUN --mount=type=bind,\\\n  # why not\ntarget=/x,\\\nsorce=a true'
    assert.throws(
      () => read(line),
      (error: StrakeError) => at(line, error) === 'sorce' && error.range!.start.line === 5,
    )
  })

  it('after quotes and escapes', () => {
    const line = `RUN --mount='type=bind',"target=/x y",sou\\rce=a,ro=q true`
    assert.throws(
      () => read(line),
      (error: StrakeError) => at(line, error) === 'q',
    )
  })
})

it('values are expanded, keys are not', () => {
  const [mount] = read('RUN --mount=type=$T,target=$P/$ID,id=$ID true', ({ text }) =>
    text.replaceAll('$T', 'cache').replaceAll('$P', '/p').replaceAll('$ID', 'i'),
  )
  assert.deepEqual([mount!.type, mount!.target, mount!.id], ['cache', '/p/i', 'i'])
})

it('a device has a name, and may be required', () => {
  const parse = (value: string) => parseDockerfile(`FROM x\nRUN --device=${value} true\n`, 'Dockerfile')
  for (const good of [
    'vendor.com/gpu',
    'vendor.com/gpu=all',
    'name=vendor.com/gpu=0,required',
    'required=1,v.com/x=y',
  ]) {
    parse(good)
  }
  assert.throws(() => parse('v.com/x=y,foo=1'), /unexpected key 'foo' in 'foo=1'/)
  assert.throws(() => parse('name=a,name=b'), /device name already set to a/)
  assert.throws(() => parse('a,required=x'), /invalid value for required: x/)
})
