import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataProvenance } from './build-metadata.ts'

test('BUILDX_METADATA_PROVENANCE says how much provenance the metadata file has', () => {
  const of = (text?: string) => metadataProvenance({ BUILDX_METADATA_PROVENANCE: text })
  for (const text of [undefined, '', 'min', 'true', 'nonsense']) assert.equal(of(text), 'min')
  assert.equal(of('max'), 'max')
  for (const text of ['disabled', 'false', 'F', '0']) assert.equal(of(text), undefined)
})
