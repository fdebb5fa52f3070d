import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { notRoot, Sandbox } from '../e2e/harness.ts'
import { readArchive } from '../support/archive.ts'
import { enter, noPeers, startDocker } from '../support/peers.ts'

/** What must be the same on both sides: the id, the layers and the configuration, byte by byte. */
function identity(archive: string): object {
  const { config, layers } = readArchive(readFileSync(archive))
  return { config, files: layers.map((layer) => layer.length) }
}

describe('images go from tool to tool and back', { skip: notRoot || noPeers, concurrency: false }, () => {
  let box: Sandbox
  const file = (name: string) => join(box.dir, name)
  before(async () => {
    startDocker()
    box = new Sandbox()
    await box.busybox()
    const dir = box.context({
      Dockerfile: 'FROM busybox\nRUN echo hello > /hello && rm -r /home\nWORKDIR /work\nCMD ["cat", "/hello"]\n',
    })
    await box.ok(['build', '-t', 'strake-interchange:1', dir])
    await box.ok(['save', '-o', file('strake.tar'), 'strake-interchange:1'])
  })
  after(async () => {
    try {
      enter(box.dir, 'docker rmi -f strake-interchange:1 strake-interchange:copied')
    } finally {
      await box[Symbol.asyncDispose]()
    }
  })

  it('Docker loads what Strake saved, runs it, and has the same image', async () => {
    enter(box.dir, 'docker load -q -i strake.tar; docker save -o docker.tar strake-interchange:1')
    assert.equal(enter(box.dir, 'docker run --rm strake-interchange:1'), 'hello\n')
    assert.equal(
      enter(box.dir, "docker inspect --format '{{.Id}}' strake-interchange:1").trim(),
      await box.ok(['inspect', '--format', '{{.Id}}', 'strake-interchange:1']),
    )
    assert.deepEqual(identity(file('docker.tar')), identity(file('strake.tar')))
  })

  it('Strake loads what Docker saved', async () => {
    await box.ok(['rmi', '-f', 'strake-interchange:1'])
    await box.ok(['load', '-i', file('docker.tar')])
    assert.equal(await box.ok(['run', '--rm', '--network', 'none', 'strake-interchange:1']), 'hello')
    await box.ok(['save', '-o', file('again.tar'), 'strake-interchange:1'])
    assert.deepEqual(identity(file('again.tar')), identity(file('strake.tar')))
  })

  it('skopeo reads the archive as docker’s and as OCI’s, and Strake reads what skopeo writes', async () => {
    enter(
      box.dir,
      `skopeo copy -q docker-archive:strake.tar oci-archive:oci.tar:strake-interchange:oci
       skopeo copy -q docker-archive:strake.tar docker-archive:skopeo.tar:strake-interchange:docker
       skopeo copy -q oci-archive:strake.tar docker-archive:from-oci.tar:strake-interchange:from-oci`,
    )
    for (const [archive, tag] of [
      ['oci.tar', 'oci'],
      ['skopeo.tar', 'docker'],
      ['from-oci.tar', 'from-oci'],
    ] as const) {
      await box.ok(['load', '-i', file(archive)])
      assert.equal(await box.ok(['run', '--rm', '--network', 'none', `strake-interchange:${tag}`]), 'hello')
    }
  })
})
