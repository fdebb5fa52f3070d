import { systemCheck } from '../../engine/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'system check',
  usage: '[OPTIONS]',
  summary: 'Look for damage in the store',
  examples: [
    'strake system check             what is recorded against what is on the disk',
    'strake system check --content   also read all blobs and compare their digests',
  ],
  options: {
    content: { kind: 'boolean', help: 'Also read all blobs and compare their digests' },
  },
  args: { min: 0, max: 0 },
  async run({ options, terminal, engine }) {
    const { store, images } = engine()
    const findings = systemCheck(engine(), { content: options.content ?? false })
    for (const { what, fix } of findings) terminal.out(`${what}\n    fix: ${fix}\n`)
    if (findings.length) return 1
    const layers = [...store.snapshots.walk()].length
    terminal.out(`${store.root} is sound: ${count(images.list().length, 'image')}, ${count(layers, 'layer')}\n`)
    return 0
  },
})

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
