import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StrakeError } from '../lib/mod.ts'
import { outputsOf } from './build-outputs.ts'

const out = () => {}
const read = (output: readonly string[], more: { load?: boolean; push?: boolean } = {}) =>
  outputsOf({ output, ...more }, { out, outIsTerminal: false })

function refuses(text: string, message: RegExp, outIsTerminal = false): void {
  assert.throws(
    () => outputsOf({ output: [text] }, { out, outIsTerminal }),
    (error: StrakeError) => error.code === 'invalid' && message.test(error.message),
  )
}

describe('--output', () => {
  it('knows the short forms', () => {
    assert.deepEqual(read(['out/dir']), [{ kind: 'local', dest: 'out/dir' }])
    assert.deepEqual(read(['-']), [{ kind: 'tar', dest: out }])
    assert.deepEqual(read([]), [])
  })

  it('reads types and keys, with values in quotes', () => {
    assert.deepEqual(read(['type=local,dest=out']), [{ kind: 'local', dest: 'out' }])
    assert.deepEqual(read(['TYPE=tar,"dest=a,b.tar"']), [{ kind: 'tar', dest: 'a,b.tar' }])
    assert.deepEqual(read(['type=oci,dest=x.tar,compression=zstd,compression-level=9,force-compression=true']), [
      { kind: 'oci', dest: 'x.tar', names: [], compression: 'zstd', level: 9, force: true },
    ])
    assert.deepEqual(read(['type=docker,dest=x,tar=false,oci-mediatypes=1']), [
      { kind: 'docker', dest: 'x', folder: true, names: [], mediaTypes: 'oci' },
    ])
    assert.deepEqual(read(['type=image,"name=a,b:1",push=true,annotation.k=v,annotation-manifest[linux/amd64].l=w']), [
      {
        kind: 'image',
        push: 'tags',
        names: ['a', 'b:1'],
        annotations: [
          { place: 'manifest', key: 'k', value: 'v' },
          { place: 'manifest', platform: 'linux/amd64', key: 'l', value: 'w' },
        ],
      },
    ])
    assert.deepEqual(read(['type=registry,push-by-digest=true,name=r.test/a']), [
      { kind: 'image', push: 'digest', names: ['r.test/a'] },
    ])
    assert.deepEqual(read(['type=docker']), [{ kind: 'image', names: [] }])
    assert.deepEqual(read(['type=cacheonly', 'a']), [{ kind: 'cacheonly' }, { kind: 'local', dest: 'a' }])
  })

  it('adds --load and --push to the others', () => {
    assert.deepEqual(read(['out'], { load: true }), [{ kind: 'local', dest: 'out' }, { kind: 'image' }])
    assert.deepEqual(read([], { push: true }), [{ kind: 'image', push: 'tags' }])
    assert.deepEqual(read(['type=image'], { push: true, load: true }), [{ kind: 'image', push: 'tags', names: [] }])
  })

  it('says what is wrong', () => {
    refuses('dest=x,name=y', /type is required/)
    refuses('type=locl,dest=x', /"locl" could not be found/)
    refuses('type=local', /dest is required/)
    refuses('type=local,dest=-', /cannot be stdout/)
    refuses('type=tar', /refusing to write to console/, true)
    refuses('type=local,dest=x,push=true', /unexpected key 'push'/)
    refuses('type=oci,dest=x,nothing', /invalid value nothing/)
    refuses('type=oci,dest=x,compression=lz4', /unsupported layer compression type: lz4/)
    refuses('type=oci,dest=x,compression-level=high', /non-integer value/)
    refuses('type=oci,dest=x,tar=maybe', /non-bool value/)
    refuses('type=oci,dest=x,annotation-x.a=b', /unknown annotation type "x"/)
    refuses('type=oci,dest=x,annotations=b', /unexpected key 'annotations'/)
    refuses('type=tar,dest=x,annotation.a=b', /unexpected key 'annotation.a'/)
    assert.throws(() => read(['-', 'type=oci,dest=-']), /only one output/)
  })
})
