import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asRoot } from '../build/test-builds.ts'
import { Workshop } from '../build/testing.ts'
import { attestationsOf } from './attestations.ts'
import { openEngine } from './engine.ts'
import { inspectImage } from './inspect-image.ts'

describe('attestations of an image', asRoot, () => {
  it('are those of its index, and are not listed', async () => {
    using workshop = await Workshop.open()
    using engine = openEngine(workshop.store.root)
    const context = workshop.context({
      Dockerfile: 'FROM busybox AS base\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nFROM base\nRUN :\n',
    })
    const attest = { provenance: {}, sbom: {} }
    await workshop.build(context, { tags: ['app:1'], attest })
    await workshop.build(context, { tags: ['plain:1'] })
    const { Provenance, SBOM } = attestationsOf(engine, 'app:1')
    assert.ok((Provenance.SLSA as { runDetails?: object }).runDetails)
    const name = (document: unknown) => (document as { name: string }).name
    assert.equal(name(SBOM.SPDX), 'app:1')
    assert.deepEqual(SBOM.AdditionalSPDXs?.map(name), ['base'])
    assert.deepEqual(attestationsOf(engine, 'plain:1'), { Provenance: {}, SBOM: {} })
    const inspected = inspectImage(engine, 'app:1') as { SBOM: unknown }
    assert.deepEqual(inspected.SBOM, SBOM)
    assert.ok(!Object.keys(inspected).includes('SBOM'))
  })
})
