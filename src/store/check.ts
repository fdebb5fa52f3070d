import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { errno } from '../lib/mod.ts'
import { type ChainId, chain, chainOf, type Descriptor, type Digest, digestOf, type ImageConfig } from '../oci/mod.ts'
import { Content, fileSize } from './content.ts'
import { type Database, isDamage } from './database.ts'
import { blobPath, directories } from './layout.ts'
import { Snapshots } from './snapshots.ts'
import type { BlobInfo, Finding, SnapshotId } from './types.ts'

/**
 * What a kill leaves behind (void leases, files without a row) is no damage: the next collection takes it.
 * All but the content of blobs is looked at while nobody else writes.
 */
export function check(db: Database, options: { readonly content?: boolean } = {}): Finding[] {
  const findings: Finding[] = []
  try {
    const blobs = db.transaction(() => checkWhole(db, findings))
    if (options.content) for (const blob of blobs) checkContent(db, blob, findings)
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (!isDamage(error) && !isDamage(cause)) throw error
    findings.push(unusable(db, String(cause ?? error)))
  }
  return findings
}

/** Gives the blobs that are there with their right size. */
function checkWhole(db: Database, findings: Finding[]): BlobInfo[] {
  for (const row of db.sql('PRAGMA quick_check(10)').all()) {
    const said = String(row.quick_check)
    if (said !== 'ok') findings.push(unusable(db, said))
  }
  for (const name of directories) {
    const path = join(db.root, name)
    if (!existsSync(path)) findings.push({ what: `the directory ${path} is missing`, fix: `mkdir -m 700 ${path}` })
  }
  checkReferences(db, findings)
  checkSnapshots(db, findings)
  checkCacheMounts(db, findings)
  const whole = checkBlobs(db, findings)
  checkImages(db, new Set(whole.map((blob) => blob.digest)), findings)
  return whole
}

function unusable(db: Database, said: string): Finding {
  const fix = `Save what can be saved (strake save), move ${db.root} away, and build or load the images again`
  return { what: `the database is damaged: ${said}`, fix }
}

/** References to rows that are not there. SQLite does not let them arise; a damaged or edited database may have them. */
const dangling = [
  {
    find: 'SELECT name AS subject FROM image_names WHERE image NOT IN (SELECT id FROM images)',
    what: (name: string) => `the name ${name} belongs to no image`,
    fix: (name: string) => `strake rmi ${name}`,
  },
  {
    find: `SELECT id AS subject FROM images WHERE snapshot NOT IN (SELECT id FROM snapshots)`,
    what: (id: string) => `image ${shortId(id)} has lost its layers`,
    fix: (id: string) => `strake rmi -f ${shortId(id)}, then build or load it again`,
  },
  {
    find: `SELECT DISTINCT image AS subject FROM image_blobs WHERE digest NOT IN (SELECT digest FROM blobs)`,
    what: (id: string) => `image ${shortId(id)} has lost content`,
    fix: (id: string) => `strake rmi -f ${shortId(id)}, then build or load it again`,
  },
  {
    find: `SELECT DISTINCT name AS subject FROM index_blobs JOIN image_names USING (index_digest)
           WHERE digest NOT IN (SELECT digest FROM blobs)`,
    what: (name: string) => `the index of ${name} has lost content`,
    fix: (name: string) => `strake rmi ${name}, then build or load it again`,
  },
  {
    find: `SELECT name AS subject FROM containers WHERE snapshot IS NULL OR snapshot NOT IN (SELECT id FROM snapshots)`,
    what: (name: string) => `container ${name} has lost its files`,
    fix: (name: string) => `strake rm -f ${name}`,
  },
  {
    find: `SELECT key AS subject FROM cache WHERE snapshot NOT IN (SELECT id FROM snapshots)`,
    what: (key: string) => `build cache record ${shortId(key)} has lost its layer`,
    fix: () => 'strake builder prune -a',
  },
]

function checkReferences(db: Database, findings: Finding[]): void {
  for (const { find, what, fix } of dangling) {
    for (const row of db.sql(find).all()) {
      const subject = String(row.subject)
      findings.push({ what: what(subject), fix: fix(subject) })
    }
  }
}

function checkSnapshots(db: Database, findings: Finding[]): void {
  const snapshots = new Snapshots(db)
  const chains = new Map<SnapshotId, ChainId | undefined>()
  // Parents come first.
  for (const { id, parent, layer, chainId, sharing } of snapshots.walk()) {
    const say = (what: string) => findings.push({ what, fix: remedy(db, id) })
    if (sharing?.over && !chains.has(sharing.with))
      say(`snapshot ${id} has lost the one that it lies over, ${sharing.with}`)
    if (!existsSync(snapshots.dir(id))) say(`snapshot ${id} has lost its directory ${snapshots.dir(id)}`)
    if (parent !== undefined && !chains.has(parent)) {
      say(`snapshot ${id} has lost its parent ${parent}`)
      // Without it, nothing can be said about the chain.
      chains.set(id, chainId)
      continue
    }
    const below = parent === undefined ? undefined : chains.get(parent)
    if (layer && (parent === undefined || below) && chain(below, layer.diffId) !== chainId) {
      say(`snapshot ${id} has a chain id that does not follow from its layers`)
    } else if (layer && parent !== undefined && !below) {
      say(`snapshot ${id} has a hash, but its parent ${parent} has none`)
    }
    chains.set(id, chainId)
  }
}

function checkCacheMounts(db: Database, findings: Finding[]): void {
  for (const row of db.sql('SELECT id, name FROM cache_mounts').all()) {
    const path = join(db.root, 'cache-mounts', String(row.id), 'fs')
    if (existsSync(path)) continue
    findings.push({
      what: `the cache mount ${row.name} has lost its directory ${path}`,
      fix: `strake cache-mount rm ${row.id}`,
    })
  }
}

function checkBlobs(db: Database, findings: Finding[]): BlobInfo[] {
  const whole: BlobInfo[] = []
  for (const blob of new Content(db).walk()) {
    const size = fileSize(blobPath(db.root, blob.digest))
    if (size === blob.size) whole.push(blob)
    else {
      const what = size === undefined ? 'has lost its file' : `has ${size} bytes instead of ${blob.size}`
      findings.push({ what: `blob ${blob.digest} ${what}`, fix: remedyOfBlob(db, blob.digest) })
    }
  }
  return whole
}

function checkImages(db: Database, whole: ReadonlySet<Digest>, findings: Finding[]): void {
  const rows = db
    .sql('SELECT images.id, manifest, snapshot, chain_id FROM images LEFT JOIN snapshots ON snapshots.id = snapshot')
    .all() as { id: Digest; manifest: string; snapshot: number | null; chain_id: ChainId | null }[]
  for (const { id, manifest, snapshot, chain_id } of rows) {
    const say = (what: string) =>
      findings.push({
        what: `image ${shortId(id)} ${what}`,
        fix: `strake rmi -f ${shortId(id)}, then build or load it again`,
      })
    const descriptor = parse<Descriptor>(manifest)
    for (const [kind, digest] of [['manifest', descriptor?.digest] as const, ['configuration', id] as const]) {
      // A blob that has a row but no whole file is reported already.
      if (!digest || !new Content(db).info(digest)) say(`has lost its ${kind}`)
    }
    if (!whole.has(id)) continue
    const bytes = readFileSync(blobPath(db.root, id))
    const config = digestOf(bytes) === id ? parse<ImageConfig>(bytes.toString()) : undefined
    if (!config) say('has a damaged configuration')
    else if (snapshot !== null && chain_id !== chainOf(config.rootfs?.diff_ids ?? [])) {
      say('has other layers than its configuration says')
    }
  }
}

function parse<T>(json: string): T | undefined {
  try {
    return JSON.parse(json) as T
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const chunk = Buffer.allocUnsafe(1 << 20)

function checkContent(db: Database, { digest }: BlobInfo, findings: Finding[]): void {
  const hash = createHash('sha256')
  try {
    const fd = openSync(blobPath(db.root, digest), 'r')
    try {
      for (let n = 1; n > 0; ) {
        n = readSync(fd, chunk, 0, chunk.length, null)
        hash.update(chunk.subarray(0, n))
      }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // A collection may have taken it meanwhile.
    if (errno(error) === 'ENOENT' && !new Content(db).info(digest)) return
    findings.push({ what: `blob ${digest} can not be read: ${error}`, fix: remedyOfBlob(db, digest) })
    return
  }
  if (`sha256:${hash.digest('hex')}` !== digest) {
    findings.push({ what: `blob ${digest} has other content than its name says`, fix: remedyOfBlob(db, digest) })
  }
}

/** What to remove, so that nothing stands on the snapshot any more. */
function remedy(db: Database, id: SnapshotId): string {
  const above = `WITH RECURSIVE above (id) AS (
    SELECT ?1 UNION SELECT snapshots.id FROM above JOIN snapshots ON parent = above.id OR lies_over = above.id)`
  const subjects = (text: string) =>
    db
      .sql(`${above} ${text} AND snapshot IN (SELECT id FROM above)`)
      .all(id)
      .map((row) => String(row.subject))
  const containers = subjects('SELECT name AS subject FROM containers WHERE true')
  const images = subjects('SELECT id AS subject FROM images WHERE true').map(shortId)
  const cached = subjects('SELECT key AS subject FROM cache WHERE true').length > 0
  const commands = [
    ...(containers.length ? [`strake rm -f ${containers.join(' ')}`] : []),
    ...(images.length ? [`strake rmi -f ${images.join(' ')}`] : []),
    ...(cached ? ['strake builder prune -af'] : []),
  ]
  if (!commands.length) return 'strake system prune'
  return `${commands.join(' && ')}${images.length ? ', then build or load the images again' : ''}`
}

function remedyOfBlob(db: Database, digest: Digest): string {
  const images = db.sql('SELECT image FROM image_blobs WHERE digest = ?').all(digest)
  const names = db
    .sql('SELECT name FROM index_blobs JOIN image_names USING (index_digest) WHERE digest = ?')
    .all(digest)
  const used = [...names.map(({ name }) => String(name)), ...images.map(({ image }) => shortId(String(image)))]
  if (!used.length) return 'strake system prune'
  return `strake rmi -f ${used.join(' ')}, then build or load it again`
}

function shortId(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}
