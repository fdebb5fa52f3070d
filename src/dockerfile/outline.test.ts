import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dockerfileOutline, dockerfileTargets, explainDockerfile } from './mod.ts'

const text = `# V the version
ARG V=1.0
ARG UNUSED=3
# build makes it
FROM busybox:$V AS build
ARG V
# X an x

ARG X=$V-x Y
RUN --mount=type=secret,id=tok,required --mount=type=ssh --mount=type=cache,target=/c true
RUN --mount=type=secret,target=/run/secrets/other true
FROM scratch AS other
ARG Z=1
FROM scratch
COPY --from=build / /
ARG FINAL
FROM other
RUN --mount=from=2,target=/m true
# last done
FROM Build AS last
`
const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

test('outline', () => {
  const outline = dockerfileOutline(text)
  assert.deepEqual([outline.name, outline.description], ['last', 'done'])
  // As docker: FROM does not find Build, which is an image's name then.
  assert.deepEqual(names(outline.args), [])
  const { args, secrets, ssh } = dockerfileOutline(text, 'build')
  assert.deepEqual(
    args.map(({ name, value, description, range }) => [name, value, description, range.start.line]),
    [
      ['V', '1.0', 'the version', 2],
      ['X', '1.0-x', 'an x', 9],
      ['Y', undefined, undefined, 9],
    ],
  )
  assert.deepEqual(
    secrets.map(({ name, required }) => [name, required]),
    [
      ['tok', true],
      ['other', false],
    ],
  )
  assert.deepEqual(
    ssh.map(({ name, required }) => [name, required]),
    [['default', false]],
  )
  const { args: given } = dockerfileOutline(text, 'build', { buildArgs: { V: '2' } })
  assert.deepEqual(
    given.map(({ value }) => value),
    ['2', '2-x', undefined],
  )
})

test('outline of what a target needs', () => {
  assert.deepEqual(names(dockerfileOutline(text, 'other').args), ['Z'])
  assert.deepEqual(names(dockerfileOutline(text, '2').args), ['V', 'X', 'Y', 'FINAL'])
  assert.deepEqual(names(dockerfileOutline(text, '3').args), ['V', 'X', 'Y', 'Z', 'FINAL'])
  assert.deepEqual(names(dockerfileOutline(text, '2').secrets), ['tok', 'other'])
  assert.throws(() => dockerfileOutline(text, 'none'), { code: 'not_found', message: /"none" could not be found/ })
})

test('targets', () => {
  assert.deepEqual(
    dockerfileTargets(text).map(({ name, description, base, isDefault }) => [name, description, base, isDefault]),
    [
      ['build', 'makes it', 'busybox:$V', false],
      ['other', undefined, 'scratch', false],
      [undefined, undefined, 'scratch', false],
      [undefined, undefined, 'other', false],
      ['last', 'done', 'Build', true],
    ],
  )
})

test('explain', () => {
  const explained = explainDockerfile(`ARG V=12
FROM debian:$V AS b
ARG X=1
WORKDIR app
USER me
COPY --from=0 a b c/
RUN make   all
SHELL ["/bin/bash", "-c"]
CMD x
FROM b
WORKDIR ../y
ADD https://example.org/x.tgz y.tar ./
COPY <<E /e
text
E
ENTRYPOINT ["e"]
`)
  assert.deepEqual(
    explained.map(({ does }) => does),
    [
      'Takes V (12), for the FROMs below',
      'Begins stage b with the image debian:12',
      'Takes X (1) from --build-arg',
      'Makes /app the working directory, and creates it if it is not there',
      'Steps below and containers run as me',
      'Copies a and b of stage 0 to /app/c/',
      'Runs make all (/bin/sh) in /app as me',
      'Commands in shell form below run in /bin/bash -c',
      "Containers run x (/bin/bash), or what stands behind the image's name",
      'Begins stage 1 with the result of stage b',
      'Makes /y the working directory, and creates it if it is not there',
      'Copies y.tar of the build context and https://example.org/x.tgz to /y/, and unpacks archives',
      'Copies <<E to /e',
      "Containers run e; CMD, or what stands behind the image's name, is given to it",
    ],
  )
  assert.match(explained[6]!.again!, /the value of X/)
  assert.deepEqual(
    explained.flatMap(({ layer, range }) => (layer ? [range.start.line] : [])),
    [4, 6, 7, 11, 12, 13],
  )
})
