import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cacheSources, cacheTargets } from './build-cache.ts'

describe('--cache-from and --cache-to', () => {
  it('have buildx’s grammar', () => {
    assert.deepEqual(cacheSources(['user/app:cache,other/app']), [
      { kind: 'registry', ref: 'user/app:cache' },
      { kind: 'registry', ref: 'other/app' },
    ])
    assert.deepEqual(cacheSources(['type=registry,ref=a', 'TYPE=local,src=./dir,tag=t,digest=sha256:1']), [
      { kind: 'registry', ref: 'a' },
      { kind: 'local', src: './dir', tag: 't', digest: 'sha256:1' },
    ])
    assert.deepEqual(cacheTargets(['user/app', 'type=inline', 'type=local,dest=d,mode=max,tag=t']), [
      { kind: 'registry', ref: 'user/app' },
      { kind: 'inline' },
      { kind: 'local', dest: 'd', mode: 'max', tag: 't' },
    ])
    const form =
      'compression=zstd,compression-level=3,force-compression=true,ignore-error=1,oci-mediatypes=true,image-manifest=false'
    assert.deepEqual(cacheTargets([`type=registry,ref=a,${form}`]), [
      { kind: 'registry', ref: 'a', manifest: 'index', compression: 'zstd', level: 3, force: true, ignoreError: true },
    ])
    assert.deepEqual(cacheTargets(['type=registry,ref=a,oci-mediatypes=false']), [
      { kind: 'registry', ref: 'a', mediaTypes: 'docker' },
    ])
  })

  it('say what is wrong', () => {
    const bad: [typeof cacheTargets | typeof cacheSources, string, RegExp][] = [
      [cacheTargets, 'ref=a', /type is required for a cache exporter: ref=a/],
      [cacheTargets, 'type=gha', /unknown cache exporter: "gha"/],
      [cacheSources, 'type=inline', /unknown cache importer: "inline"/],
      [cacheTargets, 'type=local', /local cache exporter requires dest/],
      [cacheSources, 'type=local', /local cache importer requires src/],
      [cacheTargets, 'type=registry', /registry cache exporter requires ref/],
      [cacheSources, 'type=registry,ref=UPPER', /invalid reference/],
      [cacheTargets, 'type=local,dest=d,mode=most', /invalid cache export mode: most/],
      [cacheTargets, 'type=local,dst=d', /unexpected key 'dst' for type=local/],
      [cacheTargets, 'type=local,dest', /invalid value dest/],
      [cacheTargets, 'type=registry,ref=a,oci-mediatypes=no', /non-bool value "no"/],
      [cacheTargets, 'type=registry,ref=a,oci-mediatypes=false,image-manifest=true', /must have OCI media types/],
      [cacheTargets, 'type=registry,ref=a,compression=estargz', /unsupported layer compression type: estargz/],
    ]
    const hint = /^Types are registry, local(, inline)?\. .*type=registry/
    for (const text of ['type=gha', 'type=s3,bucket=b', 'type=azblob']) {
      assert.throws(() => cacheTargets([text]), { hint })
      assert.throws(() => cacheSources([text]), { hint })
    }
    assert.throws(() => cacheSources(['type=inline']), { hint })
    for (const [read, text, message] of bad) assert.throws(() => read([text]), { code: 'invalid', message }, text)
  })
})
