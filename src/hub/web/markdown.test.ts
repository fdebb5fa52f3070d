import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeHtml } from './html.ts'
import { markdown } from './markdown.ts'

const print = (text: string) => markdown(text).text

test('blocks', () => {
  assert.equal(print('# A\n\ntext\nmore\n\n## B ##'), '<h2>A</h2>\n<p>text\nmore</p>\n<h3>B</h3>')
  assert.equal(
    print('- a\n- b\n  - c\n\n1. d\n2. e'),
    '<ul><li>a</li><li><p>b</p>\n<ul><li>c</li></ul></li></ul>\n<ol><li>d</li><li>e</li></ol>',
  )
  assert.equal(print('```sh\na <b>\n\n# c\n```\nd'), '<pre><code>a &lt;b&gt;\n\n# c</code></pre>\n<p>d</p>')
  assert.equal(print('    code\n    more'), '<pre><code>code\nmore</code></pre>')
  assert.equal(print('> a\n> b'), '<blockquote><p>a\nb</p></blockquote>')
  assert.equal(print('---'), '<hr>')
  assert.match(
    print('| a | b |\n|---|:-:|\n| 1 | `2` |'),
    /<th>a<\/th><th>b<\/th>.*\n.*<td>1<\/td><td><code>2<\/code><\/td>/,
  )
})

test('inline', () => {
  assert.equal(
    print('*a* **b** _c_ ~~d~~ `e*f*`'),
    '<p><em>a</em> <strong>b</strong> <em>c</em> <del>d</del> <code>e*f*</code></p>',
  )
  assert.equal(print('snake_case_name 2 * 3 * 4 \\*x\\*'), '<p>snake_case_name 2 * 3 * 4 *x*</p>')
  const link = '<a href="https://example.com/a" rel="nofollow noopener noreferrer">'
  assert.equal(print('[**t**](https://example.com/a "x")'), `<p>${link}<strong>t</strong></a></p>`)
  assert.equal(print('see https://example.com/a.'), `<p>see ${link}https://example.com/a</a>.</p>`)
  assert.equal(print('<https://example.com/a>'), `<p>${link}https://example.com/a</a></p>`)
})

test('nothing gets in', () => {
  for (const text of [
    '<script>alert(1)</script>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>)',
    '[x]( javascript:alert(1))',
    '![x](javascript:alert(1))',
    '[x](https://a" onclick="alert(1))',
    '<img src=x onerror=alert(1)>',
    '<https://a" onclick=alert(1)>',
    '`<b>`',
    '```\n</code></pre><script>\n```',
    '| <script> |\n|---|\n| <b onclick=x> |',
  ]) {
    const made = print(text)
    assert.doesNotMatch(made, /<(script|img|b)\b|on\w+="|href="(?!https?:|mailto:)/i, text)
  }
  assert.equal(escapeHtml('a\u202eb\u0000'), 'a\ufffdb\ufffd')
})

test('tags are those of the table, balanced, whatever the text is', () => {
  const words = fc.constantFrom(
    '*',
    '**',
    '_',
    '`',
    '```',
    '[',
    '](',
    ')',
    '<',
    '>',
    '"',
    '# ',
    '- ',
    '1. ',
    '> ',
    '|',
    '|-|',
    '\n',
    '    ',
    'a',
    ' ',
    'https://a',
    '~~',
    '\\',
    '&',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (parts) => {
      const open: string[] = []
      for (const [, close, name] of print(parts.join('')).matchAll(/<(\/?)([a-z][a-z0-9]*)[^<>]*>/g)) {
        if (name === 'hr') continue
        if (close === '') open.push(name!)
        else assert.equal(open.pop(), name)
      }
      assert.deepEqual(open, [])
    }),
    { numRuns: 2000 },
  )
})

test('text that is made to be slow is not', () => {
  for (const unit of [
    '*a ',
    '**a',
    '[',
    '[a](',
    '`',
    '``` ',
    '<',
    '> ',
    '- ',
    '|',
    '_a',
    'h',
    'https://',
    '#',
    '  - ',
  ]) {
    const started = process.cpuUsage()
    print(unit.repeat(65_536))
    print(`${unit.repeat(300)}\n`.repeat(200))
    // Seconds would be an attack; it takes milliseconds. CPU time, so that a busy machine changes nothing.
    const { user } = process.cpuUsage(started)
    assert.ok(user < 5_000_000, `${unit}: ${user}`)
  }
})
