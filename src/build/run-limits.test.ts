import assert from 'node:assert/strict'
import { rmdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { cgroupDirectories } from '../runtime/cgroups.ts'
import { asRoot, TestBuilds } from './test-builds.ts'
import type { BuildOptions } from './types.ts'

let builds: TestBuilds
before(async () => {
  if (!asRoot.skip) builds = await TestBuilds.open()
})
after(() => builds?.[Symbol.dispose]())

test(
  'RUN instructions have the memory, the limits and the cgroup that a build gives them, and depend on them',
  asRoot,
  async () => {
    const { path } = builds.context(`FROM busybox
RUN grep ' /dev/shm ' /proc/mounts; ulimit -Sn; ulimit -Hn; ulimit -Sc
RUN --mount=type=tmpfs,target=/dev/shm,size=1m grep ' /dev/shm ' /proc/mounts | tail -n 1
`)
    const plain = await builds.run(path)
    assert.match(plain.log, /^shm \/dev\/shm tmpfs \S*noexec\S*size=65536k/m)
    assert.equal((await builds.run(path, { shmSize: 0, ulimits: [] })).done, 0)

    const shm = { shmSize: 8 * 1024 * 1024 }
    const sized = await builds.run(path, shm)
    // Programs may be run there, as in BuildKit.
    assert.match(sized.log, /^tmpfs \/dev\/shm tmpfs (?!\S*noexec)\S*size=8192k/m)
    assert.match(sized.log, /size=1024k/)
    assert.match(sized.events, /--shm-size/)

    const ulimits = [
      { name: 'core', soft: 0, hard: 0 },
      { name: 'nofile', soft: 100, hard: 200 },
    ]
    const limited = await builds.run(path, { ulimits })
    assert.match(limited.log, /^100\n200\n0$/m)

    const one = `strake/test-${process.pid}`
    const cgroups: Partial<BuildOptions>[] = [{ cgroupParent: one }, { cgroupParent: `/${one}/inner` }]
    try {
      for (const more of cgroups) {
        assert.equal((await builds.run(path, more)).done, 2)
        assert.ok(cgroupDirectories(`${more.cgroupParent}/strake`).length > 0)
      }
    } finally {
      for (const cgroup of [`${one}/inner/strake`, `${one}/inner`, `${one}/strake`, one]) {
        for (const path of cgroupDirectories(cgroup)) rmdirSync(path)
      }
    }
    for (const more of [shm, { ulimits }, ...cgroups]) assert.equal((await builds.run(path, more)).done, 0)
  },
)

test('a limit that this process may not give is an error', asRoot, async () => {
  const { path } = builds.context('FROM busybox\nRUN true\n')
  const soft = Number.MAX_SAFE_INTEGER
  await assert.rejects(builds.run(path, { ulimits: [{ name: 'nofile', soft, hard: soft }] }), { code: 'failed' })
})
