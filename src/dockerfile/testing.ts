import assert from 'node:assert/strict'
import fc from 'fast-check'
import { StrakeError } from '../lib/mod.ts'
import {
  checkDockerfile,
  type Dockerfile,
  dockerfileOutline,
  dockerfileTargets,
  explainDockerfile,
  fixDockerfile,
  formatDockerfile,
  ignoreMatcher,
  parseDockerfile,
  parseIgnore,
} from './mod.ts'

/** What a Dockerfile says, without the places and the layout. */
export function meaning(text: string): unknown {
  const { file: _, text: __, warnings: ___, ...rest }: Dockerfile = parseDockerfile(text, 'Dockerfile')
  const kept = (key: string, value: unknown) => {
    if (key === 'range' || key === 'original') return undefined
    return key === 'trigger' ? String(value).trimEnd() : value
  }
  return JSON.parse(JSON.stringify(rest, kept))
}

/** Does with a text all that can be done with one: nothing but a StrakeError may come out of it, and no meaning may change. */
export function tryEverything(text: string): void {
  attempt(() => ignoreMatcher(parseIgnore(text)).ignored('a/b.c'))
  if (!attempt(() => parseDockerfile(text, 'Dockerfile'))) {
    assert.throws(() => formatDockerfile(text), { code: 'invalid' })
    return
  }
  const formatted = formatDockerfile(text)
  assert.deepEqual(meaning(formatted), meaning(text))
  assert.equal(formatDockerfile(formatted), formatted)
  dockerfileTargets(text)
  dockerfileOutline(text)
  explainDockerfile(text)
  const options = { base: () => ({}) }
  if (!attempt(() => checkDockerfile(text, options))) return
  const fixed = fixDockerfile(text, options)
  parseDockerfile(fixed, 'Dockerfile')
  assert.equal(fixDockerfile(fixed, options), fixed)
}

/** Undefined where it fails with one of our errors. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof StrakeError && error.code !== 'internal') return undefined
    throw error
  }
}

/** Pieces that texts are put together from: everything that the language treats in its own way. */
const pieces =
  `FROM|from|RUN|Run|COPY|ADD|ENV|LABEL|ARG|CMD|ENTRYPOINT|EXPOSE|VOLUME|USER|WORKDIR|SHELL|ONBUILD|HEALTHCHECK|MAINTAINER|
STOPSIGNAL|AS|as|a|b=c|a=|$x|\${x:-y}|"|'|["a","b"]|[ "a" , 'b' ]|[|]|,|--from=a|--mount=type=bind|--link|--|--interval=1s|
NONE|CMD x|<<EOF|<<-'E F'|<<EOF <<B|EOF|B|#|# c|# escape=\`|#syntax=x|\\|\`|\\\\|é|𝒳|\u00a0|\u2028|\ufeff|80/TCP|8-9|/|.|*`
    .split('|')
    .map((piece) => piece.replaceAll('\n', ''))

/** Texts that look somewhat like a Dockerfile. */
export const wildText = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...pieces) },
      {
        weight: 5,
        arbitrary: fc.constantFrom(' ', '\n', '\\\n', '\\  \n', '\t', '\r\n', '`\n', '  ', '\nRUN ', '\nFROM a\n'),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

const word = fc.constantFrom(
  'a',
  'b/c',
  '"x y"',
  "'q'",
  '$v',
  '${v:-w}',
  'a\\ b',
  '#no',
  'é',
  'x=1',
  '--x',
  '\\\\',
  '\\"',
  ',',
)
const blank = fc.constantFrom(
  ' ',
  '  ',
  '\t',
  ' \\\n',
  ' \\\n    ',
  '\\\n  ',
  ' \\ \n# note\n\t',
  ' \\\n\n  ',
  ' \\\r\n ',
)
const words = fc
  .array(fc.tuple(word, blank), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.map(([text, space], i) => (i < parts.length - 1 ? text + space : text)).join(''))
const json = fc
  .array(fc.tuple(blank, fc.string({ maxLength: 5 }), blank), { maxLength: 4 })
  .map((items) => `[${items.map(([a, text, b]) => a + JSON.stringify(text) + b).join(',')}]`)
const command = fc.oneof(words, json)
const pairs = fc
  .array(
    fc.tuple(fc.constantFrom('a', 'B_1', '"k e"'), fc.constantFrom('1', '"x  y"', "'z'", '$v', '', 'a\\ b'), blank),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((list) => list.map(([key, value, space], i) => `${key}=${value}${i < list.length - 1 ? space : ''}`).join(''))
const keyword = (name: string) => fc.constantFrom(name, name.toLowerCase(), name[0] + name.slice(1).toLowerCase())
const instruction = (name: string, rest: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', ' ', '\t'), keyword(name), blank, rest, fc.constantFrom('', ' ', ' \t'))
    .map((p) => p.join(''))

const line = fc.oneof(
  fc.constantFrom('', '', '# a comment', '   #another  ', '#', '# escape=`'),
  instruction('RUN', command),
  instruction(
    'RUN',
    fc.tuple(blank, command).map(([space, text]) => `--network=none${space}--mount=type=tmpfs,target=/x ${text}`),
  ),
  instruction(
    'RUN',
    fc.constantFrom('<<EOF\n a \\\n#b\n\nEOF', 'cat <<-A <<"B"\n\t1\n\tA\n2\nB', '-- x', '--network=none -- --x'),
  ),
  instruction('CMD', command),
  instruction('ENTRYPOINT', command),
  instruction('SHELL', json),
  instruction(
    'COPY',
    fc.tuple(words, blank).map(([text, space]) => `--chown="a b" ${text}${space}/x`),
  ),
  instruction('ADD', fc.constantFrom('["a b", "c"]', '<<E /x\n$v\nE', 'a b c/')),
  instruction(
    'ENV',
    fc.oneof(
      pairs,
      words.map((text) => `name ${text}`),
    ),
  ),
  instruction('LABEL', pairs),
  instruction('ARG', pairs),
  instruction('EXPOSE', words),
  instruction('VOLUME', command),
  instruction('USER', words),
  instruction('WORKDIR', words),
  instruction('STOPSIGNAL', words),
  instruction('MAINTAINER', words),
  instruction(
    'HEALTHCHECK',
    fc.tuple(fc.constantFrom('CMD', 'cmd'), blank, command).map((p) => `--retries=3 ${p.join('')}`),
  ),
  instruction('HEALTHCHECK', fc.constantFrom('NONE', 'none')),
  instruction(
    'ONBUILD',
    fc.tuple(fc.constantFrom('RUN ', 'copy  a ', 'CMD  '), words).map((p) => p.join('')),
  ),
  instruction('FROM', fc.constantFrom('a', '--platform=$P  b  as  c', 'a:1 \\\n As d', 'scratch')),
)

/** Texts of which most are Dockerfiles, laid out in all ways. */
export const dockerfileText = fc
  .tuple(
    fc.constantFrom(
      '',
      '#escape=`\n',
      '# Syntax = docker/dockerfile:1\n',
      '\n',
      '# check=skip=all\n# c\n',
      '\ufeff',
      '\n\n# escape=`\n',
    ),
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom('\n', '', ' \\\n', '\n\n\n', '\r\n', '\n# end'),
  )
  .map(([head, lines, end]) => `${head}FROM x\n${lines.join('\n')}${end}`)
