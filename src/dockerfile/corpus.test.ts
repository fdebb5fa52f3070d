// Checks against the corpus that stands beside the checkout; skipped where it is not there.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expand, expandWords, formatDockerfile, parseDockerfile } from './mod.ts'
import { type Node, readDocument } from './nodes.ts'
import { meaning } from './testing.ts'
import { nodeText } from './tree-text.ts'

const corpus = fileURLToPath(new URL('../../../shared/corpus', import.meta.url))
const skip = existsSync(corpus) ? false : 'the corpus is not there'
const list = (path: string) => (skip ? [] : readdirSync(`${corpus}/${path}`))
const read = (path: string) => readFileSync(`${corpus}/${path}`, 'utf8')

describe('buildkit parser', { skip }, () => {
  for (const name of list('buildkit-parser/testfiles')) {
    test(name, () => {
      const { nodes, errors } = readDocument(read(`buildkit-parser/testfiles/${name}/Dockerfile`), 'Dockerfile')
      assert.deepEqual(errors, [])
      const expected = read(`buildkit-parser/testfiles/${name}/result`).trimEnd()
      assert.equal(nodes.map(nodeText).join('\n'), expected)
      for (const node of nodes) checkRanges(node)
      const text = read(`buildkit-parser/testfiles/${name}/Dockerfile`)
      if (isWhole(text)) checkFormat(text)
    })
  }

  for (const name of list('buildkit-parser/testfiles-negative')) {
    test(`rejects ${name}`, () => {
      const text = read(`buildkit-parser/testfiles-negative/${name}/Dockerfile`)
      assert.throws(() => parseDockerfile(text, 'Dockerfile'), { code: 'invalid' })
    })
  }

  test('line ranges', () => {
    const { nodes } = readDocument(read('buildkit-parser/testfile-line/Dockerfile'), 'Dockerfile')
    assert.deepEqual(
      nodes.map(({ range }) => [range.start.line, range.end.line]),
      [
        [5, 5],
        [11, 12],
        [17, 31],
      ],
    )
  })
})

/** Every argument's text stands at its offsets, as far as it is on one line. */
function checkRanges(node: Node) {
  const { source } = node.line
  for (const { text, start, end } of [node.keyword, ...(node.json || node.trigger ? [] : node.args)]) {
    const from = node.line.offset(start)
    const to = end > start ? node.line.offset(end - 1) + 1 : from
    const written = source.text.slice(from, to)
    if (!written.includes('\n')) assert.equal(written, text)
  }
}

/** Formatting keeps the meaning, for good. */
function checkFormat(text: string) {
  const formatted = formatDockerfile(text)
  assert.deepEqual(meaning(formatted), meaning(text))
  assert.equal(formatDockerfile(formatted), formatted)
}

/** Whether it is a Dockerfile for the later stages too: the parser's test files are not. */
function isWhole(text: string): boolean {
  try {
    parseDockerfile(text, 'Dockerfile')
    return true
  } catch {
    return false
  }
}

describe('wild', { skip }, () => {
  for (const name of list('wild')) {
    test(name, () => {
      const dockerfile = parseDockerfile(read(`wild/${name}`), name)
      assert.ok(dockerfile.stages.length > 0)
      checkFormat(read(`wild/${name}`))
    })
  }
})

describe('buildkit shell', { skip }, () => {
  test('words and variables', () => {
    const env = new Map([
      ['PWD', '/home'],
      ['SHELL', 'bash'],
      ['KOREAN', '한국어'],
      ['NULL', ''],
    ])
    let count = 0
    for (const line of read('buildkit-shell/envVarTest').split('\n')) {
      const [platform, input, expected] = line.split('|').map((part) => part.trim())
      if (line.startsWith('#') || input === undefined || platform === 'W') continue
      const run = () => expand(input, (name) => env.get(name), '\\')
      if (expected === 'error') assert.throws(run, { code: 'invalid' }, input)
      else assert.equal(run(), expected, input)
      count++
    }
    assert.ok(count > 150)
  })

  test('splitting into words', () => {
    const env = new Map<string, string>()
    for (const line of read('buildkit-shell/wordsTest').split('\n')) {
      if (line.startsWith('#') || line === '') continue
      if (line.startsWith('ENV ')) {
        const [name = '', ...value] = line.slice(4).trimStart().split('=')
        env.set(name, value.join('='))
        continue
      }
      const [input = '', expected = ''] = line.split('|')
      const run = () => expandWords(input.trim(), (name) => env.get(name), '\\')
      if (expected.trim() === 'error') assert.throws(run, { code: 'invalid' }, input)
      else assert.deepEqual(run(), expected.trimStart().split(','), input)
    }
  })
})
