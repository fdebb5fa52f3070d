// A build without a Dockerfile: variants of one image, written as a graph of steps. What they share is done once.
// From the root of a clone: node examples/library/graph.ts
import { bootstrap, buildGraph, graph, openEngine, type ProgressEvent, parseBootstrap } from 'strake'

const { copy, image, makeDirectory, run, writeFile } = graph

const greetings = { de: 'Guten Tag', en: 'Good day', fr: 'Bonjour' }

const base = image('busybox')
const compiled = run(makeDirectory(base, '/out'), 'echo compiled > /out/program', { network: 'none' })

function progress(event: ProgressEvent): void {
  if (event.kind === 'vertex' && event.state !== 'started') console.log(`${event.state.padEnd(7)} ${event.name}`)
}

using engine = openEngine()
await bootstrap(engine, parseBootstrap('busybox'))
for (const [language, greeting] of Object.entries(greetings)) {
  const root = writeFile(base, '/greeting', `${greeting}\n`, { chmod: '444' })
  const variant = copy(root, compiled, { sources: ['/out/program'], to: '/program' })
  const { steps, cached } = await buildGraph(engine, variant, {
    name: `variant-${language}`,
    tags: [`variant-${language}`],
    config: { Cmd: ['cat', '/greeting', '/program'], Labels: { language } },
    progress,
  })
  console.log(`variant-${language}: ${cached} of ${steps} steps from the cache`)
}
