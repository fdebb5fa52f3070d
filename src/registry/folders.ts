import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errno, makeFolder, StrakeError, writeFile } from '../lib/mod.ts'
import { type Descriptor, hex, mediaTypes } from '../oci/mod.ts'
import { isManifest } from './copy.ts'
import { type Content, maxDocument, type Pushed, type Target, verify } from './target.ts'
import { parseDocument, parseManifest, readDescriptor } from './wire/mod.ts'

/** Where a folder has its blobs and manifests. */
type PathOf = (descriptor: Descriptor) => string

/** An OCI image layout (image-spec, image-layout.md): `index.json` names manifests by `org.opencontainers.image.ref.name`. */
export function openLayout(path: string): Target {
  const blobs = folderBlobs(`oci:${path}`, ({ digest }) => join(path, 'blobs/sha256', hex(digest)))
  const file = join(path, 'index.json')
  const read = () => readIndex(file)
  return {
    ...blobs,
    async resolve(reference) {
      const manifests = read()
      const named = manifests.filter(
        ({ digest, annotations }) => digest === reference || annotations?.[refName] === reference,
      )
      const found = reference === '' ? (manifests.length === 1 ? manifests[0] : undefined) : named[0]
      if (found) return found
      if (!existsSync(file)) throw new StrakeError('not_found', `${path} is no OCI layout: it has no index.json`)
      const known = manifests.map(({ digest, annotations }) => annotations?.[refName] ?? digest)
      const what = reference === '' ? 'more or less than one image' : `no image ${reference}`
      throw new StrakeError('not_found', `oci:${path} has ${what}`, {
        hint: known.length ? `It has ${known.join(', ')}.` : undefined,
      })
    },
    async tag(manifest, reference) {
      const { mediaType, digest, size, platform, annotations: given } = manifest
      const others = read().filter((other) =>
        reference === '' ? other.digest !== digest : other.annotations?.[refName] !== reference,
      )
      const annotations = { ...given, ...(reference !== '' && { [refName]: reference }) }
      const isAnnotated = Object.keys(annotations).length > 0
      const own = { mediaType, digest, size, ...(platform && { platform }), ...(isAnnotated && { annotations }) }
      replace(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
      replace(file, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, own] }))
    },
  }
}

const refName = 'org.opencontainers.image.ref.name'

/** One image in a folder, as skopeo's `dir:` has it: `manifest.json`, `version`, and blobs named by their hex digits. */
export function openDirectory(path: string): Target {
  const own = join(path, 'manifest.json')
  const pathOf: PathOf = (descriptor) =>
    join(path, isManifest(descriptor) ? `${hex(descriptor.digest)}.manifest.json` : hex(descriptor.digest))
  const blobs = folderBlobs(`dir:${path}`, pathOf)
  const root = (): Descriptor | undefined => {
    const bytes = readDocument(own)
    if (!bytes) return undefined
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    return readDescriptor({ mediaType: parseManifest(bytes).mediaType, digest, size: bytes.length }, own)
  }
  return {
    ...blobs,
    async *fetch(descriptor, from) {
      if (isManifest(descriptor) && root()?.digest === descriptor.digest) yield readDocument(own)!
      else yield* blobs.fetch(descriptor, from)
    },
    async resolve() {
      const found = root()
      if (found) return found
      throw new StrakeError('not_found', `dir:${path} holds no image: it has no manifest.json`)
    },
    async tag(manifest) {
      writeFileSync(join(path, 'version'), 'Directory Transport Version: 1.1\n')
      if (root()?.digest !== manifest.digest) renameSync(pathOf(manifest), own)
    },
  }
}

function folderBlobs(name: string, pathOf: PathOf): Pick<Target, 'name' | 'exists' | 'fetch' | 'push'> {
  return {
    name,
    async exists(descriptor) {
      return statSync(pathOf(descriptor), { throwIfNoEntry: false })?.size === descriptor.size
    },
    async *fetch(descriptor, from = 0) {
      try {
        for await (const chunk of createReadStream(pathOf(descriptor), { start: from })) yield chunk as Buffer
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error
        throw new StrakeError('not_found', `${name} lacks the blob ${descriptor.digest}`)
      }
    },
    async push(descriptor: Descriptor, content: Content): Promise<Pushed> {
      const path = pathOf(descriptor)
      makeFolder(dirname(path))
      await writeFile(path, checked(name, descriptor, content(0)))
      return { kind: 'pushed' }
    },
  }
}

function readIndex(file: string): Descriptor[] {
  const bytes = readDocument(file)
  if (!bytes) return []
  const { manifests } = parseDocument(bytes)
  if (!Array.isArray(manifests)) throw new StrakeError('corrupt', `${file} has no manifests`)
  return manifests.map((item, i) => readDescriptor(item, `manifests[${i}] of ${file}`))
}

/** Throws `corrupt` at the end when the bytes are not those of the blob. */
async function* checked(
  name: string,
  descriptor: Descriptor,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    size += chunk.length
    yield chunk
  }
  verify(name, descriptor, { digest: `sha256:${hash.digest('hex')}`, size })
}

function readDocument(file: string): Buffer | undefined {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return undefined
  if (size > maxDocument) throw new StrakeError('corrupt', `${file} has ${size} bytes, too many for a document`)
  return readFileSync(file)
}

function replace(file: string, text: string): void {
  makeFolder(dirname(file))
  writeFileSync(`${file}.${process.pid}.part`, text)
  renameSync(`${file}.${process.pid}.part`, file)
}
