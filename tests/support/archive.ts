import { createHash } from 'node:crypto'
import type { ImageConfig } from '../../src/oci/mod.ts'
import { type Member, member, readTar, writeTar } from './tar.ts'

export const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Writes a docker archive (what `docker load` takes) that holds one image. */
export function writeArchive(
  name: string,
  image: { readonly config: Partial<ImageConfig>; readonly layers: readonly (readonly Member[])[] },
): Buffer {
  const layers = image.layers.map(writeTar)
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    created: '2001-09-09T01:46:40Z',
    ...image.config,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
  })
  const files = layers.map((layer, index) => member.file(`layer${index}.tar`, layer))
  const manifest = [{ Config: `${sha256(config)}.json`, RepoTags: [name], Layers: files.map((file) => file.path) }]
  return writeTar([
    ...files,
    member.file(manifest[0]!.Config, config),
    member.file('manifest.json', JSON.stringify(manifest)),
  ])
}

/** The first image of a docker archive: its configuration as it stands there, and its layers, the lowest first. */
export function readArchive(archive: Buffer): { config: ImageConfig; layers: Member[][] } {
  const files = new Map(
    readTar(archive).flatMap((member) => (member.kind === 'file' ? [[member.path, member.content] as const] : [])),
  )
  const file = (path: string) => {
    const content = files.get(path)
    if (!content) throw new Error(`the archive has no ${path}`)
    return content
  }
  const [image] = JSON.parse(file('manifest.json').toString()) as [{ Config: string; Layers: string[] }]
  return { config: JSON.parse(file(image.Config).toString()), layers: image.Layers.map((path) => readTar(file(path))) }
}
