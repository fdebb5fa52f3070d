// Strake from TypeScript: makes a base, builds an image on it, runs it, and asks its server for the page.
// From the root of a clone: node examples/library/build-and-run.ts
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootstrap, build, openEngine, type ProgressEvent, parseBootstrap, run, StrakeError } from 'strake'

const folder = mkdtempSync(join(tmpdir(), 'strake-example-'))
writeFileSync(join(folder, 'index.html'), '<h1>Hello from the library</h1>\n')
writeFileSync(
  join(folder, 'Dockerfile'),
  `FROM busybox
COPY index.html /www/
RUN echo "built at $(date)" >> /www/index.html
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
`,
)

/** Every long operation tells what it does as typed events. */
function progress(event: ProgressEvent): void {
  if (event.kind === 'vertex' && event.state !== 'started') console.log(`${event.state.padEnd(7)} ${event.name}`)
  if (event.kind === 'log') process.stdout.write(event.data)
}

using engine = openEngine()
try {
  await bootstrap(engine, { ...parseBootstrap('busybox'), progress })
  const { id, steps, cached } = await build(engine, {
    context: { kind: 'directory', path: folder },
    tags: ['library-example'],
    progress,
    signal: AbortSignal.timeout(60_000),
  })
  console.log(`${id}: ${cached} of ${steps} steps from the cache`)

  const container = await run(engine, { image: id, publish: ['127.0.0.1::80'], autoRemove: true })
  try {
    const [port] = container.ports
    console.log((await page(`http://127.0.0.1:${port!.hostPort}/`)).trim())
  } finally {
    await container.stop({ timeout: 1 })
  }
  console.log(`ended with ${await container.wait()}`)
} catch (error) {
  if (!(error instanceof StrakeError)) throw error
  console.error(`${error.code}: ${error.message}`)
  if (error.hint) console.error(error.hint)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

/** The server needs a moment to listen. */
async function page(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(url)).text()
    } catch (error) {
      if (tries === 50) throw error
      await sleep(100)
    }
  }
}
