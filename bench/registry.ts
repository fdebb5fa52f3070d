// Compares pushes and pulls of Strake, Docker and skopeo with the same docker-registry. Usage, as root:
// node bench/registry.ts [--rounds N] [--tools strake,docker,skopeo] [CASE…]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { busyboxArchive } from '../tests/support/busybox.ts'
import { startRegistry } from '../tests/support/docker-registry.ts'
import { docker, strake, type Tool } from './tools.ts'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, tools: { type: 'string', default: 'strake,docker,skopeo' } },
  allowPositionals: true,
})

/** Shell that makes a context in a folder. */
const contexts: Record<string, string> = {
  // Half of it can't be packed.
  'one layer of 1 GiB':
    'mkdir big && for i in $(seq 64); do head -c 8388608 /dev/urandom; seq $((i * 100000000)) 1 $((i * 100000000 + 10000000)) | head -c 8388608; done > big/file',
  '20,000 small files': `awk 'BEGIN { for (n = 0; n < 900; n++) text = text n "\\n"
      for (d = 0; d < 200; d++) { system("mkdir -p big/" d); for (f = 0; f < 100; f++) { name = "big/" d "/" f; printf "%d %d\\n%s", d, f, text > name; close(name) } } }'`,
}
const names = Object.keys(contexts).filter((name) => positionals.length === 0 || positionals.includes(name))
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
  for (const tool of [own, engine]) if (tool) open.push(tool)
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
        const program = tool === own ? execPath(tool) : 'docker'
        // Another layer for each round, which nobody has packed yet.
        writeFileSync(join(context, 'big/round'), `${tool.name} ${round} ${Math.random()}`)
        await tool.session.run(tool.build(`context-${index}`, image))
        execFileSync('sync')
        const push = await tool.session.run(`${program} push -q ${image}`)
        const again = await tool.session.run(`${program} push -q ${image}`)
        await tool.session.run(tool === own ? tool.fresh : `docker rmi -f ${image}; docker builder prune -af`)
        execFileSync('sync')
        note(results, tool.name, [push, again, await tool.session.run(`${program} pull -q ${image}`)])
        if (tool !== engine || !wanted.includes('skopeo')) continue
        const copy = (from: string, to: string) =>
          `skopeo copy -q --src-tls-verify=false --dest-tls-verify=false ${from} ${to}`
        rmSync('skopeo', { recursive: true, force: true })
        const pull = await tool.session.run(copy(`docker://${image}`, 'dir:skopeo'))
        const target = `docker://${registry.host}/bench-skopeo/${index}:${round}`
        const compressed = await tool.session.run(copy('dir:skopeo', target))
        note(results, 'skopeo (nothing packed or unpacked)', [
          compressed,
          await tool.session.run(copy('dir:skopeo', target)),
          pull,
        ])
      }
    }
    console.log(`\n${name}, seconds (median of ${values.rounds})`)
    for (const [tool, rounds] of results) {
      const medians = measures.map((measure, i) => `${measure} ${median(rounds.map((round) => round[i]!)).toFixed(2)}`)
      console.log(`  ${tool.padEnd(36)} ${medians.join('   ')}`)
    }
    rmSync(context, { recursive: true })
  }
} finally {
  for (const tool of open) {
    await tool.session.run(tool.end)
    await tool.session[Symbol.asyncDispose]()
  }
  process.chdir('/')
  rmSync(dir, { recursive: true, force: true })
}

/** The program that the tool's own commands begin with. */
function execPath({ images }: Tool): string {
  return images.split(' ')[0]!
}

function note(results: Map<string, number[][]>, tool: string, seconds: number[]): void {
  results.set(tool, [...(results.get(tool) ?? []), seconds])
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
