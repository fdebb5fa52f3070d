import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FolderBlobs } from './folder.ts'
import { blobStoreSuite } from './testing.ts'

blobStoreSuite('a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'strake-blobs-'))
  return { store: new FolderBlobs(folder), dispose: () => rmSync(folder, { recursive: true, force: true }) }
})
