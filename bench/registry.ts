// Compares pushes and pulls of Strake, Docker, Buildah and skopeo with the same docker-registry. Usage, as root:
// node bench/registry.ts [--rounds N] [--tools strake,docker,buildah,skopeo] [CASE…]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { busyboxArchive } from '../tests/support/busybox.ts'
import { startRegistry } from '../tests/support/docker-registry.ts'
import { buildah, docker, strake, type Tool } from './tools.ts'

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    tools: { type: 'string', default: 'strake,docker,buildah,skopeo' },
  },
  allowPositionals: true,
})

/** Shell that makes a context in a folder. */
const contexts: Record<string, string> = {
  // Half of it can't be packed.
  'one layer of 1 GiB':
    'mkdir big && for i in $(seq 64); do head -c 8388608 /dev/urandom; seq $((i * 100000000)) 1 $((i * 100000000 + 10000000)) | head -c 8388608; done > big/file',
  '20,000 small files': `awk 'BEGIN { for (n = 0; n < 900; n++) text = text n "\\n"
      for (d = 0; d < 200; d++) { system("mkdir -p big/" d); for (f = 0; f < 100; f++) { name = "big/" d "/" f; printf "%d %d\\n%s", d, f, text > name; close(name) } } }'`,
  'a Debian image':
    'mmdebstrap --quiet --variant=minbase --include=perl,python3-minimal bookworm root.tar && mkdir big && tar -xf root.tar -C big --exclude=./dev && rm root.tar',
}
const imported = 'import of a cache'
const names = Object.keys(contexts).filter((name) => positionals.length === 0 || positionals.includes(name))
/** Ten steps of a megabyte each, which no two machines would make the same. */
const steps = [
  'FROM busybox:bench',
  ...Array.from({ length: 10 }, (_, n) => `RUN head -c 1000000 /dev/urandom > /${n}`),
]
const measures = ['push', 'push again', 'pull'] as const

const dir = mkdtempSync('/var/tmp/strake-bench-')
const open: Tool[] = []
try {
  process.chdir(dir)
  writeFileSync('base.tar', busyboxArchive('busybox:bench'))
  await using registry = await startRegistry(join(dir, 'registry'))
  const wanted = values.tools.split(',')
  const own = wanted.includes('strake') ? strake(dir) : undefined
  const engine = wanted.includes('docker') || wanted.includes('skopeo') ? docker(dir) : undefined
  const other = wanted.includes('buildah') ? buildah(dir) : undefined
  for (const tool of [own, engine, other]) if (tool) open.push(tool)
  for (const tool of open) await tool.session.run(`${tool.start}; ${tool.fresh}`)

  for (const [index, name] of names.entries()) {
    const context = join(dir, `context-${index}`)
    mkdirSync(context)
    execFileSync('sh', ['-ec', contexts[name]!], { cwd: context })
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox:bench\nCOPY big /big\n')
    const results = new Map<string, number[][]>()
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const tool of open) {
        const image = `${registry.host}/bench-${tool.name.toLowerCase()}/${index}:${round}`
        const kind = tool === own ? 'strake' : tool === engine ? 'docker' : 'buildah'
        const { push, pull, forget } = commands(kind, tool, image)
        // Another layer for each round, which nobody has packed yet.
        writeFileSync(join(context, 'big/round'), `${tool.name} ${round} ${Math.random()}`)
        await tool.session.run(tool.build(`context-${index}`, image))
        execFileSync('sync')
        const first = await tool.session.run(push)
        const again = await tool.session.run(push)
        await tool.session.run(forget)
        execFileSync('sync')
        note(results, tool.name, [first, again, await tool.session.run(pull)])
        if (tool !== engine || !wanted.includes('skopeo')) continue
        const copy = (from: string, to: string) =>
          `skopeo copy -q --src-tls-verify=false --dest-tls-verify=false ${from} ${to}`
        rmSync('skopeo', { recursive: true, force: true })
        const fetched = await tool.session.run(copy(`docker://${image}`, 'dir:skopeo'))
        const target = `docker://${registry.host}/bench-skopeo/${index}:${round}`
        const compressed = await tool.session.run(copy('dir:skopeo', target))
        note(results, 'skopeo (nothing packed or unpacked)', [
          compressed,
          await tool.session.run(copy('dir:skopeo', target)),
          fetched,
        ])
      }
    }
    console.log(`\n${name}, seconds (median of ${values.rounds})`)
    for (const [tool, rounds] of results) {
      const medians = measures.map((measure, i) => `${measure} ${median(rounds.map((round) => round[i]!)).toFixed(2)}`)
      console.log(`  ${tool.padEnd(36)} ${medians.join('   ')}`)
    }
    const [ours, dockers] = [own, engine].map((tool) => tool && results.get(tool.name))
    if (ours && dockers) {
      const of = (rounds: number[][], i: number) => median(rounds.map((round) => round[i]!))
      const ratios = measures.map((measure, i) => `${measure} ${(of(ours, i) / of(dockers, i)).toFixed(2)}`)
      console.log(`  ${'of Docker’s time'.padEnd(36)} ${ratios.join('   ')}`)
    }
    rmSync(context, { recursive: true })
  }

  if (positionals.length === 0 || positionals.includes(imported)) {
    mkdirSync('steps')
    writeFileSync('steps/Dockerfile', `${steps.join('\n')}\n`)
    const results = new Map<string, number[]>()
    for (let round = 0; round < Number(values.rounds); round++) {
      // Buildah has no caches of this kind.
      for (const tool of [own, engine]) {
        if (!tool) continue
        const image = `${registry.host}/bench-${tool.name.toLowerCase()}/cache:${round}`
        const { push, forget } = commands(tool === own ? 'strake' : 'docker', tool, image)
        const build = `${tool.build('steps', image)} --build-arg BUILDKIT_INLINE_CACHE=1`
        await tool.session.run(`${build} --no-cache && ${push}`)
        await tool.session.run(forget)
        const seconds = await tool.session.run(`${build} --cache-from ${image}`)
        results.set(tool.name, [...(results.get(tool.name) ?? []), seconds])
        await tool.session.run(forget)
      }
    }
    console.log(`\n${imported}: a build of 10 steps that runs none, seconds (median of ${values.rounds})`)
    for (const [tool, seconds] of results) console.log(`  ${tool.padEnd(36)} ${median(seconds).toFixed(2)}`)
  }
} finally {
  for (const tool of open) {
    await tool.session.run(tool.end)
    await tool.session[Symbol.asyncDispose]()
  }
  process.chdir('/')
  rmSync(dir, { recursive: true, force: true })
}

/** What pushes an image, pulls it, and takes it out of the tool's store with all that its layers left there. */
function commands(kind: 'strake' | 'docker' | 'buildah', tool: Tool, image: string) {
  const program = tool.images.replace(/ images$/, '')
  const tls = kind === 'buildah' ? '--tls-verify=false' : ''
  return {
    push: `${program} push -q ${tls} ${image}`,
    pull: `${program} pull -q ${tls} ${image}`,
    forget: kind === 'docker' ? `docker rmi -f ${image}; docker builder prune -af` : tool.fresh,
  }
}

function note(results: Map<string, number[][]>, tool: string, seconds: number[]): void {
  results.set(tool, [...(results.get(tool) ?? []), seconds])
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
