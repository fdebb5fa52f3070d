// How long a Dockerfile of a thousand lines takes: read and checked in this process, and by the command line beyond its start.
// Usage: node bench/dockerfile-speed.ts, after npm run build.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkDockerfile, formatDockerfile, parseDockerfile } from '../src/dockerfile/mod.ts'

const block = `RUN apt-get update && \\
    apt-get install -y --no-install-recommends \\
      curl ca-certificates \\
    && rm -rf /var/lib/apt/lists/*
COPY --chown=app:app src/$DIR /app/src/
ENV A=1 B="two words" C=\${A:-x}
LABEL org.example.name="x" org.example.version=$VERSION
WORKDIR /app/$DIR
EXPOSE 8080
# a comment
`
const head = 'FROM scratch\nARG DIR=x VERSION=1\n'
const text = head + block.repeat(100)

function median(times: number, run: () => void): number {
  const took = Array.from({ length: times }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return took.sort((a, b) => a - b)[times >> 1]!
}

const show = (what: string, ms: number) => console.log(`${what.padEnd(44)} ${ms.toFixed(1).padStart(7)} ms`)
const check = () => checkDockerfile(text, { base: () => ({}) })

console.log(`${text.split('\n').length} lines`)
show(
  'first reading',
  median(1, () => parseDockerfile(text, 'Dockerfile')),
)
show('first check', median(1, check))
show(
  'reading',
  median(200, () => parseDockerfile(text, 'Dockerfile')),
)
show('reading and checking', median(200, check))
show(
  'formatting',
  median(50, () => formatDockerfile(text)),
)

const dir = mkdtempSync(join(tmpdir(), 'strake-bench-'))
try {
  const strake = join(import.meta.dirname, '../bin/strake')
  const env = { ...process.env, STRAKE_ROOT: join(dir, 'store') }
  const time = (dockerfile: string) => {
    writeFileSync(join(dir, 'Dockerfile'), dockerfile)
    const args = ['build', '--check', '--skip=AptListsKept', '--skip=RunsAsRoot', dir]
    return median(21, () => {
      try {
        execFileSync(strake, args, { env, stdio: 'ignore' })
      } catch (error) {
        // It has something to say: exit code 1.
        if ((error as { status?: number }).status !== 1) throw error
      }
    })
  }
  const [empty, whole] = [time(head), time(text)]
  show('strake build --check, two lines', empty)
  show('strake build --check, all lines', whole)
  show('beyond start-up', whole - empty)
} finally {
  rmSync(dir, { recursive: true })
}
