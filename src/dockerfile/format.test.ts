import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StrakeError } from '../lib/mod.ts'
import { formatDockerfile } from './mod.ts'
import { dockerfileText, meaning, tryEverything, wildText } from './testing.ts'

/** Formats, and checks that it means the same and is formatted for good. Undefined when it is no Dockerfile. */
function checked(text: string): string | undefined {
  let before: unknown
  try {
    before = meaning(text)
  } catch (error) {
    assert.ok(error instanceof StrakeError, String(error))
    assert.throws(() => formatDockerfile(text), { code: 'invalid' })
    return undefined
  }
  const formatted = formatDockerfile(text)
  assert.deepEqual(meaning(formatted), before)
  assert.equal(formatDockerfile(formatted), formatted)
  return formatted
}

describe('format', () => {
  test('keywords, blanks and line ends', () => {
    const text =
      '\ufeff#  Syntax = docker/dockerfile:1\r\n\r\n\r\n  from   a   as  b  \r\n\r\n\r\n\r\n\tcopy   --link  x\ty  z\r\n\r\n'
    assert.equal(checked(text), '# syntax=docker/dockerfile:1\n\nFROM a AS b\n\nCOPY --link x y z\n')
  })

  test('continuations are indented, their comments too', () => {
    const text = 'FROM a\nenv a=1  \\\n\n# why\nb="x\\\n  y"   \\\n        c=3'
    assert.equal(checked(text), 'FROM a\nENV a=1 \\\n    # why\n    b="x\\\n  y" \\\n    c=3\n')
  })

  test('what a shell is given stays as it is', () => {
    const text = 'FROM a\nrun   apt  update && \\\n # note\n  echo "a  \\\n  b"   &&\\\n true\nrun \\\n  x \\\n  y'
    assert.equal(
      checked(text),
      'FROM a\nRUN apt  update && \\\n  # note\n  echo "a  \\\n  b"   &&\\\n true\nRUN \\\n  x \\\n  y\n',
    )
  })

  test('JSON', () => {
    const text = 'FROM a\nCMD  [  "a" ,"b\\n" , \\\n  "c"\\\n ]\nCMD [ ]\nhealthcheck  --retries=3 cmd [ "x" ]\n'
    assert.equal(
      checked(text),
      'FROM a\nCMD ["a", "b\\n", \\\n    "c" \\\n]\nCMD []\nHEALTHCHECK --retries=3 CMD ["x"]\n',
    )
  })

  test('what looks like JSON, and is none', () => {
    assert.equal(checked('FROM a\nVOLUME  ["\t/a",  "/b"]'), 'FROM a\nVOLUME ["\t/a",  "/b"]\n')
  })

  test('here-documents', () => {
    const text = 'FROM a\nrun  <<EOF   \n  a \r\n\n\n# b\nEOF\ncopy   <<A  <<"B"  /x\n\n1\nA\n 2  \nB\n\n\n# end\n\n'
    assert.equal(
      checked(text),
      'FROM a\nRUN <<EOF\n  a \r\n\n\n# b\nEOF\nCOPY <<A <<"B" /x\n\n1\nA\n 2  \nB\n\n# end\n',
    )
  })

  test('comments do not become directives', () => {
    assert.equal(checked('\n# escape=`\nFROM a\n'), '\n# escape=`\nFROM a\n')
    assert.equal(checked('# syntax=x\n\n\n# escape=`\nFROM a\n'), '# syntax=x\n\n# escape=`\nFROM a\n')
  })

  test('an escape character as the last word', () => {
    assert.equal(checked('FROM \\ \\  \n'), 'FROM \\ \\\n')
    // A blank of another kind keeps it from continuing the line.
    assert.equal(checked('FROM a\nCMD \\\u00a0\nRUN x\n'), 'FROM a\nCMD \\\u00a0\nRUN x\n')
  })

  test('what is wrong is an error', () => {
    assert.throws(() => formatDockerfile('FROM a\nCOPYY a b\n'), { code: 'invalid', message: /unknown instruction/ })
  })

  test('any Dockerfile keeps its meaning', () => {
    let count = 0
    fc.assert(
      fc.property(dockerfileText, (text) => {
        if (checked(text) !== undefined) count++
      }),
      { numRuns: 2000 },
    )
    assert.ok(count > 500, `${count} of them were Dockerfiles`)
  })

  test('any text is formatted or refused', () => {
    fc.assert(
      fc.property(wildText, (text) => tryEverything(`FROM a\n${text}`)),
      { numRuns: 2000 },
    )
  })
})
