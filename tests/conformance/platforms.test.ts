import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { noRegistry, startRegistry } from '../support/docker-registry.ts'
import { enter, noPeers, peers } from '../support/peers.ts'

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly platform?: object
}

const dockerfile = `FROM --platform=$BUILDPLATFORM scratch AS shared
COPY common /common
FROM scratch
ARG TARGETPLATFORM
ARG TARGETARCH
COPY --from=shared /common /common
COPY bin-$TARGETARCH /bin/own
ENV FOR=$TARGETPLATFORM
CMD ["/bin/own"]
`
const both = '--platform linux/amd64,linux/arm64'

/** What an OCI layout holds, without digests and times: the platforms of its index, and of each the configuration and media types. */
function contents(layout: string): object[] {
  const read = (digest: string) => JSON.parse(readFileSync(join(layout, 'blobs/sha256', digest.slice(7)), 'utf8'))
  const top = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
  const [root] = top.manifests
  const index = read(root!.digest) as { mediaType: string; manifests: Descriptor[] }
  return index.manifests.map(({ mediaType, digest, platform }) => {
    const { config, layers } = read(digest) as { config: Descriptor; layers: Descriptor[] }
    const { created: _, rootfs, history, ...rest } = read(config.digest)
    return {
      index: [root!.mediaType, index.mediaType],
      manifest: [mediaType, config.mediaType, ...layers.map((layer) => layer.mediaType)],
      platform,
      config: rest,
      layers: rootfs.diff_ids.length,
      history: history.map((entry: { created_by: string; empty_layer?: boolean }) => [
        entry.created_by,
        entry.empty_layer,
      ]),
    }
  })
}

describe('indexes go from tool to tool', { skip: notRoot || noPeers, concurrency: false }, () => {
  let box: Sandbox
  let engine: ChildProcess
  let dir: string
  const socket = `/run/strake-platforms-${process.pid}`
  // One of its own: only with containerd's store does Docker know images for several platforms.
  const docker = (words: string) => enter(box.dir, `docker -H unix://${socket}.sock ${words}`)
  before(async () => {
    box = new Sandbox()
    dir = box.context({ Dockerfile: dockerfile, common: 'c\n', 'bin-amd64': 'a\n', 'bin-arm64': 'b\n' })
    const flags = [
      '--data-root',
      `/var/lib/docker-strake-${process.pid}`,
      '--exec-root',
      socket,
      '--pidfile',
      `${socket}.pid`,
    ]
    const off = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--feature', 'containerd-snapshotter=true']
    // In a network of its own: with no bridge it would take away that of the machine's Docker.
    const command = ['-n', join(peers!, 'enter'), 'dockerd', ...flags, '-H', `unix://${socket}.sock`, ...off]
    engine = spawn('unshare', command, { stdio: 'ignore' })
    for (let tries = 0; ; tries++) {
      try {
        docker('version')
        break
      } catch (error) {
        if (tries > 100) throw error
        await setTimeout(200)
      }
    }
    await box.ok(['build', ...both.split(' '), '-t', 'strake-platforms:1', dir])
    await box.ok(['save', '-o', 'strake.tar', 'strake-platforms:1'])
  })
  after(async () => {
    engine.kill('SIGTERM')
    if (engine.exitCode === null) await new Promise((resolve) => engine.once('exit', resolve))
    enter(box.dir, `rm -rf /var/lib/docker-strake-${process.pid} ${socket} ${socket}.*`)
    await box[Symbol.asyncDispose]()
  })

  it('what is built is what Docker builds', async () => {
    const context = dir.slice(box.dir.length + 1)
    docker(`buildx build -q ${both} --provenance=false -o type=oci,dest=docker-oci,tar=false ${context}`)
    await box.ok(['build', ...both.split(' '), '-o', 'type=oci,dest=strake-oci,tar=false', dir])
    assert.deepEqual(contents(join(box.dir, 'strake-oci')), contents(join(box.dir, 'docker-oci')))
    for (const type of ['local', 'tar']) {
      docker(`buildx build -q ${both} --provenance=false -o type=${type},dest=docker-${type} ${context}`)
      await box.ok(['build', ...both.split(' '), '-o', `type=${type},dest=strake-${type}`, dir])
    }
    const list = (name: string) =>
      enter(box.dir, `cd ${name}-local && find . -type f | sort | xargs grep .; tar -tf ../${name}-tar | sort`)
    assert.equal(list('strake'), list('docker'))
  })

  it('Docker loads all platforms, and Strake loads what Docker saved', async () => {
    docker('load -q -i strake.tar')
    const architecture = (platform: string) =>
      docker(`image inspect --platform ${platform} --format '{{.Architecture}}' strake-platforms:1`).trim()
    assert.deepEqual(['linux/amd64', 'linux/arm64'].map(architecture), ['amd64', 'arm64'])
    docker('save -o docker.tar strake-platforms:1')
    const digest = async () =>
      JSON.parse(await box.ok(['manifest', 'inspect', '-v', 'strake-platforms:1'])).Descriptor.digest
    const before = await digest()
    await box.ok(['rmi', 'strake-platforms:1'])
    await box.ok(['load', '-i', 'docker.tar'])
    assert.equal(await digest(), before)
  })

  it('skopeo and crane find it sound', { skip: noRegistry }, async () => {
    await using registry = await startRegistry(join(box.dir, 'registry'))
    const name = `${registry.host}/app:1`
    await box.ok(['tag', 'strake-platforms:1', name])
    await box.ok(['push', name])
    enter(box.dir, `crane validate --remote ${name} --insecure`)
    const raw = JSON.parse(enter(box.dir, `skopeo inspect --raw --tls-verify=false docker://${name}`))
    assert.equal(raw.manifests.length, 2)
    enter(box.dir, `skopeo copy -q --all oci-archive:strake.tar oci:skopeo:1`)
    assert.ok(existsSync(join(box.dir, 'skopeo/index.json')))
    await box.ok(['image', 'copy', 'oci:skopeo:1', 'local:from-skopeo'])
    assert.equal(
      await box.ok(['inspect', '-f', '{{.Architecture}}', '--platform', 'linux/arm64', 'from-skopeo']),
      'arm64',
    )
  })
})
