import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { password, startHub, type TestHub } from '../../src/hub/testing.ts'
import { peers, startDocker } from '../support/peers.ts'

const skip = process.getuid?.() !== 0 ? 'needs root' : peers === undefined ? 'needs the peers (STRAKE_PEERS)' : false

describe('clients that others wrote', { skip }, () => {
  let hub: TestHub
  let share: string
  let host: string
  before(async () => {
    startDocker()
    hub = await startHub()
    host = new URL(hub.url).host
    share = mkdtempSync(join(tmpdir(), 'strake-hub-clients-'))
    writeFileSync(join(share, 'Dockerfile'), 'FROM scratch\nCOPY data one /\nCOPY one /two\nLABEL a=b\nCMD ["/one"]\n')
    writeFileSync(join(share, 'data'), randomBytes(3_000_000))
    writeFileSync(join(share, 'one'), 'one\n')
    await run(`docker build -q -t strake-hub-clients .; docker login -u alice --password-stdin ${host} < password`)
    await run(`docker tag strake-hub-clients ${host}/alice/app:1; docker push -q ${host}/alice/app:1`)
  })
  after(async () => {
    await run(`docker rmi -f strake-hub-clients $(docker images -q ${host}/alice/app) || true`)
    rmSync(share, { recursive: true, force: true })
    await hub[Symbol.asyncDispose]()
  })

  /** The hub answers from this process: nothing here may wait synchronously. */
  async function run(script: string): Promise<string> {
    writeFileSync(join(share, 'password'), password)
    const set = 'cd /share; export DOCKER_CONFIG=/share/docker REGISTRY_AUTH_FILE=/share/auth.json'
    const { stdout } = await promisify(execFile)(join(peers!, 'enter'), ['sh', '-ec', `${set}; ${script}`], {
      env: { ...process.env, PEERS_SHARE: share },
      maxBuffer: 64 << 20,
    })
    return stdout
  }
  const fails = async (script: string, why: RegExp) =>
    await assert.rejects(run(script), (error: Error & { stderr: string }) => why.test(error.stderr))

  test('docker keeps no password, pulls, and is told why a push is refused', async () => {
    const { auths } = JSON.parse(await run('cat docker/config.json')) as {
      auths: Record<string, { identitytoken: string }>
    }
    assert.match(auths[host]!.identitytoken, /^strake_login_/)
    const id = await run(`docker inspect -f '{{.Id}}' ${host}/alice/app:1`)
    await run(
      `docker rmi ${host}/alice/app:1 strake-hub-clients; docker pull -q ${host}/alice/app:1; docker tag ${host}/alice/app:1 strake-hub-clients`,
    )
    assert.equal(await run(`docker inspect -f '{{.Id}}' ${host}/alice/app:1`), id)
    const tag = (name: string) => `docker tag strake-hub-clients ${host}/${name}; docker push -q ${host}/${name}`
    await fails(tag('app'), new RegExp(`"app" has no namespace.* docker tag ${host}/app ${host}/alice/app`))
    await fails(tag('bob/app'), /"bob" is neither your own namespace/)
    await fails(`docker login -u alice -p wrong ${host}`, /incorrect username or password/)
    await fails(`docker pull ${host}/bob/nothing`, /does not exist, or you may not see it/)
    assert.match(await run(`docker search --format '{{.Name}}' ${host}/app`), /alice\/app/)
  })

  test('skopeo', async () => {
    const tls = '--src-tls-verify=false --dest-tls-verify=false'
    await run(`skopeo login --tls-verify=false -u alice --password-stdin ${host} < password`)
    await run(`skopeo copy -q ${tls} docker://${host}/alice/app:1 docker://${host}/alice/skopeo:1`)
    await run(
      `skopeo copy -q ${tls} -f oci --dest-compress-format zstd docker://${host}/alice/app:1 docker://${host}/alice/skopeo:z`,
    )
    await run(`skopeo copy -q ${tls} docker://${host}/alice/skopeo:z oci:oci:z`)
    assert.match(await run(`skopeo list-tags --tls-verify=false docker://${host}/alice/skopeo`), /"1",\s+"z"/)
    await run(`skopeo delete --tls-verify=false docker://${host}/alice/skopeo:z`)
    assert.doesNotMatch(await run(`skopeo list-tags --tls-verify=false docker://${host}/alice/skopeo`), /"z"/)
  })

  test('umoci reads what came back', async () => {
    assert.equal((await run('umoci ls --layout oci')).trim(), 'z')
  })

  test('crane: copy, index, validate, list, delete', async () => {
    await run(`crane auth login -u alice --password-stdin ${host} < password`)
    await run(`crane copy ${host}/alice/app:1 ${host}/alice/crane:1; crane validate --remote ${host}/alice/crane:1`)
    await run(`crane index append -m ${host}/alice/crane:1 -t ${host}/alice/crane:multi`)
    assert.match(await run(`crane validate --remote ${host}/alice/crane:multi`), /PASS/)
    assert.match(await run(`crane catalog ${host}`), /alice\/app\nalice\/crane\n/)
    await run(`crane tag ${host}/alice/crane:1 two; crane delete ${host}/alice/crane:two`)
    assert.equal(await run(`crane ls ${host}/alice/crane`), '1\nmulti\n')
    await fails(`crane copy ${host}/alice/app:1 ${host}/bob/app:1`, /"bob" is neither your own namespace/)
  })

  test('Podman and Buildah', async () => {
    const store = '--storage-driver vfs --root /tmp/strake-hub-clients --runroot /tmp/strake-hub-clients-run'
    const image = `${host}/alice/app:1`
    try {
      await run(`podman ${store} login --tls-verify=false -u alice --password-stdin ${host} < password`)
      await run(`podman ${store} pull -q --tls-verify=false ${image}`)
      await run(`podman ${store} push -q --tls-verify=false ${image} ${host}/alice/podman:1`)
      await run(`buildah ${store} push -q --tls-verify=false ${image} docker://${host}/alice/buildah:1`)
      await run(`podman ${store} manifest create several ${image}`)
      await run(
        `podman ${store} manifest push -q --all --tls-verify=false several docker://${host}/alice/podman:several`,
      )
      assert.match(await run(`podman ${store} search --tls-verify=false ${host}/podman`), /alice\/podman/)
    } finally {
      await run('rm -rf /tmp/strake-hub-clients /tmp/strake-hub-clients-run')
    }
    const answer = await run(
      `crane validate --remote ${host}/alice/podman:several && crane validate --remote ${host}/alice/buildah:1`,
    )
    assert.equal(answer.match(/PASS/g)?.length, 2)
  })
})
