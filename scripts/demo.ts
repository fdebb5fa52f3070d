// Shows Strake at work: a base, an image of a Flask application, a container, and a second build after a change.
// Everything is made in a temporary folder and goes at the end; with --keep the store stays, and is used the next time.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const keep = process.argv.includes('--keep')
const program = join(import.meta.dirname, '../bin/strake')
// Not below /tmp: that may be in memory, and a base takes some hundred megabytes.
const work = mkdtempSync('/var/tmp/strake-demo-')
const root = keep ? `/var/tmp/strake-demo-store-${process.getuid!()}` : join(work, 'store')
const env = { ...process.env, STRAKE_ROOT: root }
const colored = process.stdout.isTTY && !process.env.NO_COLOR
const tint = (code: number, text: string) => (colored ? `\x1b[${code}m${text}\x1b[0m` : text)

function say(text: string): void {
  console.log(`\n${tint(36, `# ${text}`)}`)
}

/** Runs a command as a person would, and gives the seconds that it took. */
function strake(...args: string[]): number {
  console.log(tint(1, `$ strake ${args.join(' ')}`))
  const start = performance.now()
  const { status } = spawnSync(program, args, { stdio: 'inherit', env, cwd: work })
  if (status !== 0) throw new Error(`strake ${args[0]} ended with ${status}`)
  return (performance.now() - start) / 1000
}

async function freePort(wish: number): Promise<number> {
  const tryPort = (port: number) =>
    new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, () => server.close(() => resolve(true)))
    })
  for (let port = wish; port < wish + 50; port++) {
    if (await tryPort(port)) return port
    if (port === wish) console.log(`Port ${wish} is taken; taking another one.`)
  }
  throw new Error(`no free port from ${wish} on`)
}

async function fetchPage(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(url)).text()
    } catch (error) {
      if (tries === 100) throw error
      await sleep(100)
    }
  }
}

async function showPage(url: string): Promise<void> {
  console.log(tint(1, `$ curl ${url}`))
  console.log((await fetchPage(url)).trim())
}

function cleanUp(): void {
  spawnSync(program, ['rm', '-f', 'demo'], { env, stdio: 'ignore' })
  rmSync(work, { recursive: true, force: true })
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    cleanUp()
    process.exit(code)
  })
}

try {
  cpSync(join(import.meta.dirname, '../examples/flask'), join(work, 'flask'), { recursive: true })

  const known = keep && spawnSync(program, ['inspect', 'debian:bookworm'], { env, stdio: 'ignore' }).status === 0
  if (known) say('The base image is still here from the last time.')
  else {
    say('A base image, made from the packages of Debian: no registry is asked.')
    strake('bootstrap', 'debian:bookworm')
  }

  say('An image of a Flask application, from the Dockerfile of a tutorial.')
  console.log(tint(2, readFileSync(join(work, 'flask/Dockerfile'), 'utf8').trimEnd()))
  const first = strake('build', '-t', 'flask-demo', 'flask')

  say('A container of it, with a port of this machine.')
  const port = await freePort(5000)
  strake('run', '-d', '--name', 'demo', '-p', `${port}:5000`, 'flask-demo')
  await showPage(`http://localhost:${port}/`)
  strake('ps')

  say('What is there now, and what it is made of.')
  strake('images')
  strake('history', 'flask-demo')

  say('One line of the application is changed; only the steps from there on are done again.')
  const page = join(work, 'flask/templates/index.html')
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace('  </body>', '    <p>Changed, and built again.</p>\n  </body>'),
  )
  const second = strake('build', '-t', 'flask-demo', 'flask')
  strake('rm', '-f', 'demo')
  strake('run', '-d', '--name', 'demo', '-p', `${port}:5000`, 'flask-demo')
  await showPage(`http://localhost:${port}/`)

  say(`The first build took ${first.toFixed(1)} s, the second ${second.toFixed(1)} s.`)
} catch (error) {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : error}`)
  console.error('What this machine lacks, if that is it: bin/strake info --check')
  process.exitCode = 1
} finally {
  cleanUp()
  console.log(keep ? `The store stays in ${root}` : 'Everything is cleaned up.')
}
