// The checks that need no kernel: modules import downwards only, and through each other's door (mod.ts).
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What each module of src/ may import, besides itself. A module that is not named here does not exist. */
const below: Record<string, string[]> = {
  lib: [],
  oci: ['lib'],
  tar: ['lib'],
  dockerfile: ['lib', 'oci'],
  attest: ['lib', 'oci'],
  host: ['lib'],
  store: ['lib', 'oci', 'host'],
  layers: ['lib', 'oci', 'tar', 'host', 'store'],
  images: ['lib', 'oci', 'tar', 'host', 'store', 'layers'],
  registry: ['lib', 'oci', 'tar', 'host', 'store', 'layers', 'images'],
  hints: ['lib'],
  runtime: ['lib', 'oci', 'host', 'store'],
  network: ['lib', 'host', 'store'],
  build: [
    'lib',
    'oci',
    'tar',
    'dockerfile',
    'attest',
    'hints',
    'host',
    'store',
    'layers',
    'images',
    'registry',
    'runtime',
    'network',
  ],
  containers: ['lib', 'oci', 'hints', 'host', 'store', 'layers', 'images', 'runtime', 'network'],
  engine: [
    'lib',
    'oci',
    'tar',
    'dockerfile',
    'hints',
    'host',
    'store',
    'layers',
    'images',
    'registry',
    'runtime',
    'network',
    'build',
    'containers',
  ],
  hub: ['lib', 'oci', 'registry'],
  cli: ['lib', 'oci', 'engine', 'hub'],
}
/** Files directly in src/: the command line and the library, which wire everything together. */
const roots = ['main.ts', 'index.ts']

const problems: string[] = []
for (const file of globSync('src/**/*.ts')) {
  const path = relative('src', file)
  const module = path.split('/')[0]!
  if (!path.includes('/')) {
    if (!roots.includes(path)) problems.push(`${file}: only ${roots.join(' and ')} stand directly in src/`)
    continue
  }
  if (!below[module]) problems.push(`${file}: module ${module} is not in the table of scripts/check.ts`)
  for (const [, from] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)) {
    const target = relative('src', join(dirname(file), from!))
    const other = target.split('/')[0]!
    if (other === module || target.startsWith('..')) continue
    // Tests, and what only tests use, may look behind a door.
    const test = file.endsWith('.test.ts') || file.endsWith('/testing.ts')
    if (!below[module]?.includes(other)) problems.push(`${file}: ${module} must not import ${other}`)
    else if (target !== `${other}/mod.ts` && !test) problems.push(`${file}: import ${other}/mod.ts, not ${target}`)
  }
}
for (const problem of problems) console.error(problem)
process.exit(problems.length ? 1 : 0)
