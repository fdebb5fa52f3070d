import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { enter, noPeers, startDocker } from '../support/peers.ts'

const dockerfile = `FROM strake-cache-base:1 AS builder
ARG MODE=fast
WORKDIR /src
COPY . .
RUN echo "$MODE <&> é" > /mode && cat id one.json > /out
FROM strake-cache-base:1
ENV A=b
RUN cat /proc/sys/kernel/hostname > /dev/null; echo own > /own
COPY --from=builder /out /mode /made/
COPY *.json /json/
COPY dir id one.json /three/
COPY --chown=1:2 --chmod=640 one.json /owned
RUN --mount=type=cache,target=/root/.cache --mount=type=secret,id=none --mount=type=tmpfs,target=/t echo mounts > /m
RUN --mount=type=bind,source=dir,target=/d --mount=type=bind,from=builder,source=/out,target=/o cat /d/other /o > /n
ADD one.json two.json /added/
COPY <<TEXT /text
here
TEXT
RUN <<SCRIPT
cat /text > /script
SCRIPT
USER 1000
WORKDIR /home/user
CMD ["cat", "/made/out"]
`

/** Nobody has built this before: what is cached was imported. */
function files() {
  return {
    Dockerfile: dockerfile,
    '.dockerignore': 'ignored\n',
    ignored: 'x',
    id: `${randomUUID()}\n`,
    'one.json': '1\n',
    'two.json': '2\n',
    'dir/sub/file': 'file\n',
    'dir/other': 'other\n',
  }
}

describe('caches go from builder to builder', { skip: notRoot || noPeers, concurrency: false }, () => {
  let box: Sandbox
  before(async () => {
    startDocker()
    box = new Sandbox()
    await box.busybox()
    const dir = box.context({ Dockerfile: 'FROM busybox\nENV BASE=1\n' })
    await box.ok(['build', '-t', 'strake-cache-base:1', dir])
    await box.ok(['save', '-o', join(box.dir, 'base.tar'), 'strake-cache-base:1'])
    enter(box.dir, 'docker load -q -i base.tar')
  })
  after(async () => {
    try {
      enter(box.dir, 'docker rmi -f strake-cache-base:1 strake-cache-app:1')
    } finally {
      await box[Symbol.asyncDispose]()
    }
  })

  /** A context below the sandbox's folder, which Docker sees, too. */
  function context(name: string): string {
    for (const [file, text] of Object.entries(files())) {
      mkdirSync(dirname(join(box.dir, name, file)), { recursive: true })
      writeFileSync(join(box.dir, name, file), text)
    }
    return join(box.dir, name)
  }

  it('Docker builds from what Strake exported without a step', async () => {
    const dir = context('ours')
    const cache = `type=local,dest=${join(box.dir, 'cache')},mode=max`
    await box.ok(['build', '-q', '--network', 'none', '--build-arg', 'MODE=slow', '--cache-to', cache, dir])
    const log = enter(
      box.dir,
      `docker build --progress plain --network none --build-arg MODE=slow -t strake-cache-app:1 \
        --cache-from type=local,src=cache ours 2>&1`,
    )
    const steps = [...log.matchAll(/^#(\d+) \[.*\d+\/\d+\] (?:RUN|COPY|ADD|WORKDIR)/gm)].map(([, number]) => number)
    const cached = [...log.matchAll(/^#(\d+) CACHED/gm)].map(([, number]) => number)
    assert.equal(new Set(steps).size, 14, log)
    assert.deepEqual(
      [...new Set(steps)].filter((step) => !cached.includes(step)),
      [],
      log,
    )
    const made = enter(box.dir, 'docker run --rm strake-cache-app:1; docker run --rm strake-cache-app:1 cat /made/mode')
    assert.match(made, /^[0-9a-f-]{36}\n1\nslow <&> é\n$/)
  })

  it('Strake builds from the cache in an image of Docker without a step of it', async () => {
    const dir = context('theirs')
    enter(
      box.dir,
      `docker build -q --network none --build-arg BUILDKIT_INLINE_CACHE=1 -t strake-cache-app:1 theirs
       docker save -o docker.tar strake-cache-app:1`,
    )
    await box.ok(['load', '-i', join(box.dir, 'docker.tar')])
    // Another folder with other times.
    cpSync(dir, `${dir}-copy`, { recursive: true })
    const from = ['--cache-from', 'strake-cache-app:1', '--network', 'none']
    await box.ok(['build', '-t', 'ours:1', ...from, '--require-cache', `${dir}-copy`])
    assert.match(await box.ok(['run', '--rm', '--network', 'none', 'ours:1']), /^[0-9a-f-]{36}\n1$/)
    writeFileSync(join(`${dir}-copy`, 'dir/other'), 'changed\n')
    const changed = await box.run(['build', ...from, '--require-cache', `${dir}-copy`])
    assert.match(changed.stderr, / is not in the cache: \S*other changed \(content\)/)
  })
})
