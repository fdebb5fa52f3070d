import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { digestOf, mediaTypes } from '../../oci/mod.ts'
import { pushBlob, pushImage, putManifest, send, startHub, type TestHub } from '../testing.ts'
import { instructionText } from './images.ts'

const user = 'alice'
let hub: TestHub
before(async () => {
  hub = await startHub()
})
after(async () => {
  await hub[Symbol.asyncDispose]()
})

/** The text of a page's main part, without its markup. */
async function text(path: string): Promise<string> {
  const answer = await send(hub, `GET ${path}`)
  assert.equal(answer.status, 200)
  const main = (await answer.text()).split('<main')[1]!.split('</main>')[0]!
  return main.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
}

async function put(reference: string, manifest: object, type: string): Promise<string> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: type, ...manifest })
  const answer = await putManifest(hub, `alice/app/manifests/${reference || digestOf(body)}`, {
    user,
    manifest: body,
    type,
  })
  assert.equal(answer.status, 201, await answer.text())
  return digestOf(body)
}

async function pushed(content: string, mediaType: string, annotations = {}) {
  const bytes = Buffer.from(content)
  return {
    mediaType,
    digest: await pushBlob(hub, 'alice/app', { user, content: bytes }),
    size: bytes.length,
    annotations,
  }
}

/** What BuildKit adds to an image. */
async function attestation(of: string) {
  const statement = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' }
  const config = await pushed('{"os":"unknown","architecture":"unknown"}', mediaTypes.config)
  const layers = [await pushed('{}', 'application/vnd.in-toto+json', statement)]
  return {
    mediaType: mediaTypes.manifest,
    digest: await put('', { config, layers }, mediaTypes.manifest),
    size: 0,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': of },
  }
}

const sized = async (member: { digest: string }) => {
  const answer = await send(hub, `HEAD /v2/alice/app/manifests/${member.digest}`, { user })
  return { ...member, size: Number(answer.headers.get('content-length')) }
}

test('an index shows its platforms; attestations are none', async () => {
  const members = []
  for (const platform of [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64', variant: 'v8' },
  ]) {
    const { digest } = await pushImage(hub, 'alice/app', { user, tag: platform.architecture })
    members.push(await sized({ mediaType: mediaTypes.manifest, digest, platform } as { digest: string }))
  }
  const said = await sized(await attestation(members[0]!.digest))
  await put('multi', { manifests: [...members, said] }, mediaTypes.index)
  await put('single', { manifests: [members[0], said] }, mediaTypes.index)

  const tags = await text('/r/alice/app')
  assert.match(tags, / multi linux\/amd64, linux\/arm64\/v8 2\.\d+ kB /)
  assert.match(tags, / single linux\/amd64 2\.\d+ kB /)
  const multi = await text('/r/alice/app:multi')
  assert.match(multi, /An image for 2 platforms;.* Platforms .* linux\/amd64 .* linux\/arm64\/v8 .* Attestations /)
  assert.match(multi, / Of linux\/amd64 /)
  assert.doesNotMatch(multi, /unknown/)
  // People push one platform and get an index: it is an image to them.
  const single = await text('/r/alice/app:single')
  assert.match(single, /linux\/amd64 · 2\.\d+ kB · 1 layer .* COPY app \/ .* Of linux\/amd64 /)
  const statement = await text(`/r/alice/app@${said.digest}`)
  assert.match(statement, / Files .*https:\/\/slsa\.dev\/provenance\/v1 /)
  assert.doesNotMatch(statement, /docker pull|unknown/)
})

test('an artifact shows its files', async () => {
  const config = await pushed('{}', 'application/vnd.oci.empty.v1+json')
  const layers = [await pushed('a report', 'text/plain', { 'org.opencontainers.image.title': 'report.txt' })]
  await put('report', { artifactType: 'application/vnd.example.report', config, layers }, mediaTypes.manifest)
  assert.match(await text('/r/alice/app:report'), /1 file .*report\.txt 8 B .* application\/vnd\.example\.report/)
})

test('steps read as in the Dockerfile', () => {
  for (const [by, shown] of [
    ['COPY app / # buildkit', 'COPY app /'],
    ['/bin/sh -c #(nop)  CMD ["sh" "-c" "a b"]', 'CMD ["sh", "-c", "a b"]'],
    ['EXPOSE map[443/tcp:{} 80/tcp:{}]', 'EXPOSE 443/tcp 80/tcp'],
    ['EXPOSE [80/tcp]', 'EXPOSE 80/tcp'],
    ['VOLUME [/data]', 'VOLUME /data'],
    ['VOLUME ["/a b"]', 'VOLUME ["/a b"]'],
    ['/bin/sh -c apt-get update', 'RUN apt-get update'],
    ['RUN |1 VERSION=1.0 /bin/sh -c echo "$VERSION" # buildkit', 'RUN echo "$VERSION"'],
    ['RUN /bin/sh -c set -eux;     apt-get update;  ls', 'RUN set -eux;\n    apt-get update;\n    ls'],
    ['RUN /bin/sh -c a     && b  || c', 'RUN a\n    && b\n    || c'],
    ['RUN /bin/sh -c echo "a    b"', 'RUN echo "a    b"'],
  ] as const) {
    assert.equal(instructionText(by), shown)
  }
})
