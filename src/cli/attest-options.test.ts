import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attestOf } from './attest-options.ts'

const read = (provenance?: string, sbom?: string, attest: readonly string[] = []) =>
  attestOf({ attest, provenance, sbom })
const max = { mode: 'max', version: 'v1' }

describe('--attest, --provenance and --sbom', () => {
  it("buildx's forms", () => {
    assert.equal(read(), undefined)
    assert.equal(read('', ''), undefined)
    assert.equal(read('false', '0'), undefined)
    assert.deepEqual(read('true', 'true'), { provenance: max, sbom: {} })
    assert.deepEqual(read('mode=min'), { provenance: { ...max, mode: 'min' } })
    assert.deepEqual(read('mode=full,version=v0.2'), { provenance: { mode: 'max', version: 'v0.2' } })
    assert.deepEqual(read('"builder-id=a,b",reproducible=true,inline-only=1,filename=p.json'), {
      provenance: { ...max, builderId: 'a,b', reproducible: true, inlineOnly: true, filename: 'p.json' },
    })
    assert.deepEqual(read(undefined, 'generator=a/b:1,KEY=v'), {
      sbom: { generator: 'a/b:1', parameters: { key: 'v' } },
    })
    assert.deepEqual(read(undefined, undefined, ['type=sbom', 'type=provenance']), { provenance: max, sbom: {} })
    assert.equal(read(undefined, undefined, ['type=sbom,disabled=true']), undefined)
    // The last of a type counts, and the short forms come after the long one.
    assert.equal(read(undefined, 'false', ['type=sbom']), undefined)
  })

  it('refuses in its words', () => {
    const refused: [string[], RegExp][] = [
      [['type=foo'], /^unknown attestation type "foo"$/],
      [['mode=max'], /^attestation type not specified$/],
      [['provenance'], /^invalid value provenance$/],
      [['type=sbom,generator'], /^invalid value generator$/],
      [['type=provenance,mode=foo'], /^invalid mode "foo"$/],
      [['type=provenance,version=v9'], /^invalid provenance SLSA version: v9$/],
      [['type=provenance,reproducible=x'], /^non-bool value "x" specified for reproducible$/],
      [['type=provenance,mod=max'], /^unexpected key 'mod' for type=provenance$/],
      [['type=provenance,filename=../x'], /^invalid filename/],
    ]
    for (const [attest, message] of refused) {
      assert.throws(() => read(undefined, undefined, attest), { code: 'invalid', message })
    }
    assert.throws(() => read('maybe'), { message: 'invalid value maybe' })
  })
})
