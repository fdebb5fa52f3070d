import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Descriptor, hex, type Index, type Manifest } from '../../oci/mod.ts'
import type { Context, Workshop } from '../testing.ts'
import type { AttestOptions, BuildOptions } from '../types.ts'

export interface Statement {
  readonly predicateType: string
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[]
  // biome-ignore lint/suspicious/noExplicitAny: a document of which tests look at parts
  readonly predicate: any
}

/** For tests: builds an OCI layout, and reads what is in it. */
export async function buildAttested(
  workshop: Workshop,
  context: Context,
  attest: AttestOptions | undefined,
  more: Partial<BuildOptions> = {},
) {
  const dest = mkdtempSync(join(workshop.home, 'layout-'))
  const outputs = [{ kind: 'oci', dest, folder: true }] as const
  const result = await workshop.build(context, { ...(attest && { attest }), outputs, ...more })
  const blobs = join(dest, 'blobs/sha256')
  const read = <T>({ digest }: Descriptor) => JSON.parse(readFileSync(join(blobs, hex(digest)), 'utf8')) as T
  const { manifests } = JSON.parse(readFileSync(join(dest, 'index.json'), 'utf8')) as Index
  const top = read<Index & Manifest>(manifests[0]!)
  const [image] = top.manifests ?? manifests
  const attestation = top.manifests?.find(({ platform }) => platform?.os === 'unknown')
  const statements = attestation ? read<Manifest>(attestation).layers.map((layer) => read<Statement>(layer)) : []
  /** All bytes that left. */
  const all = () => readdirSync(blobs).map((name) => readFileSync(join(blobs, name)))
  return { result, image: image!, attestation, statements, manifest: read<Manifest>(image!), all }
}
