import type { StatementSync } from 'node:sqlite'
import { StrakeError } from '../lib/mod.ts'
import {
  type Descriptor,
  type Digest,
  familiarString,
  formatPlatform,
  type ImageConfig,
  isDigest,
  type Manifest,
  mediaTypes,
  type Platform,
  type Reference,
} from '../oci/mod.ts'
import type { LayerInfo, Lease, SnapshotId, Store } from '../store/mod.ts'
import { byDigest, didYouMean, readable, shown, tagged } from './image-names.ts'
import { type ImageRow, selectImages, toImage } from './image-rows.ts'
import { contentBelow, mainMember, memberFits, readIndex } from './indexes.ts'
import { canonicalJson } from './json.ts'
import { layerTypes } from './layer-types.ts'
import type { Image, ImageIndex, Images, NewImage, StoredImage } from './types.ts'

/** The images of an open store. */
export function openImages(store: Store): Images {
  return new Catalog(store)
}

class Catalog implements Images {
  readonly #store: Store
  readonly #statements = new Map<string, StatementSync>()

  constructor(store: Store) {
    this.#store = store
  }

  get(nameOrId: string, platform?: Platform): Image {
    const image = this.find(nameOrId, platform)
    if (image && platform && (image.os !== platform.os || image.architecture !== platform.architecture)) {
      const wanted = formatPlatform(platform)
      const message = `image with reference ${nameOrId} was found but does not provide the specified platform (${wanted})`
      throw new StrakeError('not_found', message, { hint: `It is for ${formatPlatform(this.config(image))}.` })
    }
    if (image) return image
    throw new StrakeError('not_found', `No such image: ${shown(nameOrId)}`, {
      hint: didYouMean(nameOrId, this.#names()),
    })
  }

  find(nameOrId: string, platform?: Platform): Image | undefined {
    if (isDigest(nameOrId)) return this.#byId(nameOrId)
    if (/^[a-f0-9]{64}$/.test(nameOrId)) return this.#byId(`sha256:${nameOrId}`)
    const named = this.#byName(nameOrId)
    if (!named) return this.#byPrefix(nameOrId)
    if (!platform || !named.isMember) return named
    return this.index(nameOrId)?.members.find((member) => memberFits(member, platform))?.image ?? named
  }

  index(name: string): ImageIndex | undefined {
    const reference = readable(name)
    if (!reference || reference.digest) return undefined
    const row = this.#sql(
      'SELECT digest, manifest FROM image_names JOIN indexes ON digest = index_digest WHERE name = ?',
    ).get(tagged(reference)) as { digest: Digest; manifest: string } | undefined
    if (!row) return undefined
    const images = new Map(
      this.#sql('SELECT manifest, image FROM index_images WHERE index_digest = ?')
        .all(row.digest)
        .map(({ manifest, image }) => [manifest as Digest, this.#byId(image as Digest)]),
    )
    const members = readIndex(this.#store, row.digest).manifests.map((descriptor) => ({
      descriptor,
      image: images.get(descriptor.digest),
    }))
    return { manifest: JSON.parse(row.manifest) as Descriptor, members }
  }

  list(): Image[] {
    return this.#rows(`${selectImages} ORDER BY created_at DESC, added_at DESC, id`).map(toImage)
  }

  config(image: Image): ImageConfig {
    return JSON.parse(this.#store.content.read(image.id).toString()) as ImageConfig
  }

  manifest(image: Image): Manifest {
    return JSON.parse(this.#store.content.read(image.manifest.digest).toString()) as Manifest
  }

  create(image: NewImage, lease: Lease): Image {
    return this.add(this.prepare(image, lease), lease)
  }

  prepare(image: NewImage, lease: Lease): StoredImage {
    const { content, snapshots } = this.#store
    const stack = snapshots
      .ancestry(image.snapshot)
      .map(({ id, layer }) => {
        if (!layer) throw new StrakeError('internal', `snapshot ${id} has no hash yet`)
        return layer
      })
      .reverse()
    if (image.layers && image.layers.length !== stack.length) {
      throw new StrakeError('internal', `an image of ${stack.length} layers was given ${image.layers.length} blobs`)
    }
    const layers = image.layers ?? stack.map((layer) => this.#descriptorOf(layer, lease))
    const config: ImageConfig = {
      ...image.config,
      rootfs: { type: 'layers', diff_ids: stack.map((layer) => layer.diffId) },
    }
    const stored = content.put(canonicalJson(config), lease)
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: stored.digest, size: stored.size },
      layers,
      ...(image.annotations && { annotations: image.annotations }),
    }
    const { digest, size } = content.put(canonicalJson(manifest), lease)
    return {
      config: stored.digest,
      manifest: { mediaType: mediaTypes.manifest, digest, size },
      snapshot: image.snapshot,
      blobs: layers.map((layer) => layer.digest).filter((digest) => content.info(digest)),
    }
  }

  add({ config: id, manifest, snapshot, blobs }: StoredImage, lease: Lease): Image {
    const { content, snapshots } = this.#store
    const config = JSON.parse(content.read(id).toString()) as ImageConfig
    const created = Date.parse(config.created ?? '')
    const ancestry = snapshots.ancestry(snapshot)
    const size = ancestry.reduce((sum, { layer }) => sum + (layer?.size ?? 0), 0)
    return this.#store.transaction(() => {
      for (const blob of [id, manifest.digest, ...blobs]) lease.add({ blob })
      const kept = this.#sql('SELECT count(*) AS count FROM image_blobs WHERE image = ?').get(id) as { count: number }
      // The same image once more: the manifest that came with blobs of its layers is the better one.
      if (kept.count > 2 || (kept.count > 0 && blobs.length === 0)) return this.#byId(id)!
      this.#sql(
        `INSERT INTO images (id, manifest, snapshot, size, created_at, architecture, os, added_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest`,
      ).run(
        id,
        canonicalJson(manifest),
        snapshot ?? null,
        size,
        Number.isNaN(created) ? 0 : created,
        config.architecture,
        config.os,
        Date.now(),
      )
      this.#keepBlobs(id, [id, manifest.digest, ...blobs])
      return this.#byId(id)!
    })
  }

  repack(image: Image, { manifest, blobs }: Parameters<Images['repack']>[1], lease: Lease): Image {
    return this.#store.transaction(() => {
      for (const blob of [image.id, manifest.digest, ...blobs]) lease.add({ blob })
      this.#sql('UPDATE images SET manifest = ? WHERE id = ?').run(canonicalJson(manifest), image.id)
      this.#keepBlobs(image.id, [image.id, manifest.digest, ...blobs])
      return this.get(image.id)
    })
  }

  #keepBlobs(id: Digest, blobs: readonly Digest[]): void {
    this.#sql('DELETE FROM image_blobs WHERE image = ?').run(id)
    for (const blob of new Set(blobs)) {
      this.#sql('INSERT INTO image_blobs (image, digest) VALUES (?, ?)').run(id, blob)
    }
  }

  addDigest(image: Image, name: Reference): void {
    this.#store.transaction(() => {
      // A digest of an index is that of several images; here it names the one that was asked for last.
      this.#sql('DELETE FROM image_digests WHERE name = ?').run(byDigest(name))
      this.#sql('INSERT INTO image_digests (name, image) VALUES (?, ?)').run(byDigest(name), image.id)
    })
  }

  repositoriesOf(blob: Digest, registry: string): string[] {
    const prefix = `${registry}/`
    const rows = this.#sql(
      `SELECT DISTINCT name FROM image_digests WHERE substr(name, 1, length(?2)) = ?2 AND image IN (
         SELECT image FROM image_blobs WHERE digest = ?1 UNION
         SELECT image FROM index_blobs JOIN index_images USING (index_digest) WHERE digest = ?1) ORDER BY name`,
    ).all(blob, prefix) as { name: string }[]
    return [...new Set(rows.map(({ name }) => name.slice(prefix.length, name.indexOf('@'))))]
  }

  tag(image: Image, name: Reference): void {
    if (!name.tag) throw new StrakeError('invalid', 'refusing to create a tag with a digest reference')
    this.#sql(
      `INSERT INTO image_names (name, image) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET image = excluded.image, index_digest = NULL`,
    ).run(tagged(name), image.id)
  }

  tagIndex({ manifest, members }: ImageIndex, name: Reference): Image {
    const { digest } = manifest
    const here = members.flatMap(({ descriptor, image }) => (image ? [{ descriptor, image }] : []))
    const main = mainMember(here)
    if (!main) throw new StrakeError('invalid', `none of the images of the index ${digest} is in the store`)
    return this.#store.transaction(() => {
      this.#sql('INSERT OR IGNORE INTO indexes (digest, manifest) VALUES (?, ?)').run(digest, canonicalJson(manifest))
      for (const { descriptor, image } of here) {
        this.#sql('INSERT OR REPLACE INTO index_images (index_digest, manifest, image) VALUES (?, ?, ?)').run(
          digest,
          descriptor.digest,
          image.id,
        )
      }
      for (const blob of contentBelow(this.#store, manifest).here) {
        this.#sql('INSERT OR IGNORE INTO index_blobs (index_digest, digest) VALUES (?, ?)').run(digest, blob)
      }
      this.tag(main.image, name)
      this.#sql('UPDATE image_names SET index_digest = ? WHERE name = ?').run(digest, tagged(name))
      return this.get(main.image.id)
    })
  }

  siblings({ id }: Image): Image[] {
    return this.#rows(
      `${selectImages} WHERE id <> ?1 AND id IN (
         SELECT other.image FROM index_images JOIN index_images AS other USING (index_digest)
         JOIN image_names USING (index_digest) WHERE index_images.image = ?1)`,
      id,
    ).map(toImage)
  }

  untag(name: Reference): void {
    const { changes } = name.digest
      ? this.#sql('DELETE FROM image_digests WHERE name = ?').run(byDigest(name))
      : this.#sql('DELETE FROM image_names WHERE name = ?').run(tagged(name))
    if (changes === 0) throw new StrakeError('not_found', `No such image: ${familiarString(name)}`)
  }

  remove(image: Image): void {
    this.#sql('DELETE FROM images WHERE id = ?').run(image.id)
  }

  async layerBlob(snapshot: SnapshotId, lease: Lease): Promise<Descriptor> {
    // The listings start sooner without what makes layers.
    const { layerBlob } = await import('./layer-blob.ts')
    return await layerBlob(this.#store, snapshot, lease)
  }

  /** A layer's blob, if one is here: what came from outside must be kept, since no packer but its own makes it again. */
  #descriptorOf({ diffId, tarSize }: LayerInfo, lease: Lease): Descriptor {
    return this.#store.transaction(() => {
      const blob = this.#store.content.byDiffId(diffId)
      if (!blob) return { mediaType: mediaTypes.layer, digest: diffId as string as Digest, size: tarSize }
      lease.add({ blob: blob.digest })
      return { mediaType: layerTypes[blob.compression ?? 'none'], digest: blob.digest, size: blob.size }
    })
  }

  #byId(id: string): Image | undefined {
    return this.#rows(`${selectImages} WHERE id = ?`, id).map(toImage)[0]
  }

  #byName(text: string): Image | undefined {
    const name = readable(text)
    if (!name) return undefined
    const rows = name.digest
      ? this.#rows(
          `${selectImages} WHERE id = (SELECT image FROM image_digests WHERE name = ?1)
             OR (id = ?2 AND EXISTS (SELECT 1 FROM image_names WHERE image = id AND substr(name, 1, length(?3)) = ?3))`,
          byDigest(name),
          name.digest,
          `${name.registry}/${name.repository}:`,
        )
      : this.#rows(`${selectImages} WHERE id = (SELECT image FROM image_names WHERE name = ?)`, tagged(name))
    return rows.map(toImage)[0]
  }

  #byPrefix(text: string): Image | undefined {
    const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`
    if (!/^sha256:[a-f0-9]{1,63}$/.test(prefix)) return undefined
    const rows = this.#rows(`${selectImages} WHERE id >= ? AND id < ? LIMIT 2`, prefix, `${prefix}g`)
    if (rows.length > 1) {
      const hint = 'Write more digits of the id.'
      throw new StrakeError('invalid', `multiple IDs found with provided prefix: ${text}`, { hint })
    }
    return rows.map(toImage)[0]
  }

  #names(): string[] {
    return this.#sql('SELECT name FROM image_names')
      .all()
      .map(({ name }) => String(name))
  }

  #rows(sql: string, ...parameters: string[]): ImageRow[] {
    return this.#sql(sql).all(...parameters) as unknown as ImageRow[]
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.#store.db.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }
}
