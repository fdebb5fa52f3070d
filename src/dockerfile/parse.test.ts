import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StrakeError } from '../lib/mod.ts'
import { commandScript, type Instruction, parseDockerfile, parseTrigger, type SourceRange } from './mod.ts'

const parse = (text: string) => parseDockerfile(text, 'Dockerfile')
const instructions = (text: string) => parse(`FROM scratch\n${text}`).stages[0]!.instructions
type Of<K, I = Instruction> = I extends { readonly kind: infer J } ? (K extends J ? I : never) : never
const one = <K extends Instruction['kind']>(kind: K, text: string) => {
  const [instruction] = instructions(text)
  assert.equal(instruction?.kind, kind)
  return instruction as Of<K>
}
/** What stands at a range. */
const at = (text: string, range: SourceRange | undefined) => {
  assert.ok(range)
  const lines = text.split('\n')
  assert.equal(range.start.line, range.end.line)
  return lines[range.start.line - 1]!.slice(range.start.column - 1, range.end.column - 1)
}
function failures(text: string): StrakeError[] {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof StrakeError)
    return error.cause instanceof AggregateError ? error.cause.errors : [error]
  }
  assert.fail(`accepted: ${text}`)
}

describe('file', () => {
  test('stages and global arguments', () => {
    const { stages, globals, escape } = parse(
      'ARG V=1 W\nFROM --platform=$BUILDPLATFORM a:$V As Build\nRUN x\nFROM b\nCOPY --from=build /x /y\n',
    )
    assert.equal(escape, '\\')
    assert.deepEqual(
      globals[0]?.args.map(({ name, value }) => [name, value?.text]),
      [
        ['V', '1'],
        ['W', undefined],
      ],
    )
    assert.deepEqual(
      stages.map(({ name, index, from }) => [name, index, from.image.text, from.platform?.text]),
      [
        ['build', 0, 'a:$V', '$BUILDPLATFORM'],
        [undefined, 1, 'b', undefined],
      ],
    )
    assert.equal(stages[1]?.instructions.length, 1)
  })

  test('directives', () => {
    const text = '\ufeff# Syntax=docker/dockerfile:1\n #escape = `\n# check=skip=all\nFROM a `\n b\n'
    assert.deepEqual(failures(text).length, 1)
    const { directives, escape } = parse(text.replace(' b', ' as b'))
    assert.deepEqual(
      directives.map(({ name, value }) => `${name}=${value}`),
      ['syntax=docker/dockerfile:1', 'escape=`', 'check=skip=all'],
    )
    assert.equal(escape, '`')
    assert.equal(parse('# a comment\n# escape=`\nFROM a').escape, '\\')
    assert.equal(parse('\n# escape=`\nFROM a').escape, '\\')
  })

  test('CRLF, comments and empty lines in continuations', () => {
    const text = 'FROM a\r\nRUN one \\\r\n\r\n  # comment\r\n  two\\\r\n three\r\nCMD x\r\n'
    const { stages, warnings } = parse(text)
    const [run, cmd] = stages[0]!.instructions
    assert.equal(run?.original, 'RUN one   two three')
    assert.equal(cmd?.original, 'CMD x')
    assert.deepEqual(run?.range, {
      file: 'Dockerfile',
      start: { line: 2, column: 1 },
      end: { line: 6, column: 7 },
    })
    assert.equal(warnings.length, 1)
    assert.equal(warnings[0]?.range.start.line, 3)
  })

  test('an escaped escape character continues nothing', () => {
    assert.equal(instructions('RUN a \\\\\nRUN b').length, 2)
  })
})

describe('instructions', () => {
  test('commands', () => {
    assert.deepEqual(one('run', 'RUN ["a", "b c"]').command, { form: 'exec', args: ['a', 'b c'] })
    assert.deepEqual(one('cmd', "CMD ['a']").command, { form: 'shell', line: "['a']", heredocs: [] })
    assert.deepEqual(one('cmd', 'CMD').command, { form: 'shell', line: '', heredocs: [] })
    assert.deepEqual(one('entrypoint', 'ENTRYPOINT []').command, { form: 'exec', args: [] })
    assert.deepEqual(one('shell', 'SHELL ["/bin/bash", "-c"]').shell, ['/bin/bash', '-c'])
    const run = one('run', 'RUN --mount=type=cache,target=/x --network=none  make\t')
    assert.deepEqual(
      run.flags.map(({ name, value }) => [name, value]),
      [
        ['mount', 'type=cache,target=/x'],
        ['network', 'none'],
      ],
    )
    assert.equal(run.command.form === 'shell' && run.command.line, 'make')
  })

  test('copies', () => {
    const copy = one('copy', 'COPY --from=x --link --chown="a b" one two /three')
    assert.deepEqual(
      copy.sources.map(({ text }) => text),
      ['one', 'two'],
    )
    assert.equal(copy.destination.text, '/three')
    assert.deepEqual(
      copy.flags.map(({ name, value }) => [name, value]),
      [
        ['from', 'x'],
        ['link', undefined],
        ['chown', 'a b'],
      ],
    )
    assert.equal(one('add', 'ADD ["a b", "/c"]').sources[0]?.text, 'a b')
  })

  test('pairs', () => {
    const pairs = (text: string) => one('env', text).pairs.map(({ key, value }) => [key.text, value.text])
    assert.deepEqual(pairs('ENV a b  c'), [['a', 'b  c']])
    assert.deepEqual(pairs('ENV a=b c="d e" f=g\\ h'), [
      ['a', 'b'],
      ['c', '"d e"'],
      ['f', 'g\\ h'],
    ])
    assert.equal(one('label', 'LABEL "a b"=c').pairs[0]?.key.text, '"a b"')
  })

  test('healthchecks', () => {
    assert.equal(one('healthcheck', 'HEALTHCHECK --anything none').command, undefined)
    const check = one(
      'healthcheck',
      'HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 --start-period=0 CMD curl -f x',
    )
    assert.deepEqual(check.command, { form: 'shell', line: 'curl -f x', heredocs: [] })
    assert.deepEqual([check.interval, check.timeout, check.retries, check.startPeriod], [90e9, 5e8, 3, 0])
    assert.deepEqual(one('healthcheck', 'HEALTHCHECK CMD ["a"]').command, { form: 'exec', args: ['a'] })
  })

  test('the others', () => {
    assert.equal(one('workdir', 'WORKDIR  /a b ').word.text, '/a b')
    assert.equal(one('maintainer', 'MAINTAINER me <me@x>').word.text, 'me <me@x>')
    assert.deepEqual(
      one('expose', 'EXPOSE 80/tcp $P').words.map(({ text }) => text),
      ['80/tcp', '$P'],
    )
    assert.deepEqual(
      one('volume', 'VOLUME ["/a", "/b"]').words.map(({ text }) => text),
      ['/a', '/b'],
    )
    assert.equal(one('stopsignal', 'STOPSIGNAL SIGINT').word.text, 'SIGINT')
    assert.equal(one('user', 'USER a:b').word.text, 'a:b')
  })

  test('triggers', () => {
    assert.equal(one('onbuild', 'ONBUILD  RUN make \\\n all').trigger, 'RUN make  all')
    assert.equal(one('onbuild', 'ONBUILD COPY <<A /x\nhi\nA').trigger, 'COPY <<A /x\nhi\nA')
    const copy = parseTrigger('COPY <<A /x\nhi\nA')
    assert.equal(copy.kind === 'copy' && copy.heredocs[0]?.content, 'hi\n')
    for (const text of ['FROM a', 'MAINTAINER a', 'ONBUILD RUN a', 'RUN a\nRUN b', '', 'FOO a', 'COPY a']) {
      assert.throws(() => parseTrigger(text), { code: 'invalid' }, text)
    }
  })
})

describe('here-documents', () => {
  const documents = (text: string) => {
    const { command } = one('run', text)
    return command.form === 'shell' ? command.heredocs : []
  }

  test('forms', () => {
    assert.deepEqual(documents('RUN 3<<-"E F" cat\n\t\ta\n\tb\n\tE F\nRUN next'), [
      { name: 'E F', content: 'a\nb\n', raw: '\t\ta\n\tb\n', expand: false, chomp: true, fd: 3 },
    ])
    assert.deepEqual(
      documents('RUN <<A cat <<  B\n1\nA\n# 2\nB').map(({ name, content }) => [name, content]),
      [
        ['A', '1\n'],
        ['B', '# 2\n'],
      ],
    )
    for (const text of ['RUN "<<A"', 'RUN <<<A', 'RUN echo $((1<<2))', 'RUN ["<<A"]', "RUN echo it's <<A", 'RUN <<']) {
      assert.deepEqual(documents(text), [], text)
    }
    assert.equal(documents("RUN <<eo\\'f\nx\neo'f")[0]?.expand, true)
    assert.equal(documents('RUN <<$A\n$A')[0]?.name, '$A')
  })

  test('copied', () => {
    const copy = one('copy', 'COPY <<one b <<two /d/\n1\r\none\n2\ntwo\n')
    assert.deepEqual(
      copy.heredocs.map(({ name, content }) => [name, content]),
      [
        ['one', '1\r\n'],
        ['two', '2\n'],
      ],
    )
    assert.deepEqual(
      copy.sources.map(({ text }) => text),
      ['b'],
    )
  })

  test('what they run', () => {
    const script = (text: string) => {
      const { command } = one('run', text)
      assert.equal(command.form, 'shell')
      return commandScript(command)
    }
    assert.deepEqual(script('RUN make'), { kind: 'line', line: 'make' })
    assert.deepEqual(script('RUN <<A\nmake\nA'), { kind: 'line', line: 'make\n' })
    assert.deepEqual(script('RUN <<-A\n\tmake\nA'), { kind: 'line', line: 'make\n' })
    assert.deepEqual(script('RUN <<A\n#!/bin/x\nA'), { kind: 'file', name: 'A', content: '#!/bin/x\n' })
    assert.deepEqual(script('RUN <<A python3\nx\nA'), { kind: 'line', line: '<<A python3\nx\nA' })
  })
})

describe('errors', () => {
  // The wrong line behind FROM scratch, docker's words, the token, a word of the hint.
  const cases: [string, RegExp, string, RegExp?][] = [
    ['COYP a b', /^dockerfile parse error on line 2: unknown instruction: COYP$/, 'COYP', /COPY/],
    ['COPY --chwn=a b c', /unknown flag: --chwn/, '--chwn', /--chown/],
    ['CMD --x y', /unknown flag: --x/, '--x', /no flags/],
    ['COPY --chown a b', /missing a value on flag: --chown/, '--chown'],
    ['COPY --chown=a --chown=b a b', /duplicate flag specified: --chown/, '--chown=b'],
    ['COPY --link=x a b', /expecting boolean value for flag --link, not: x/, '--link=x'],
    ['COPY a', /COPY requires at least two arguments, but only one was provided. Destination could not/, 'a'],
    ['COPY', /COPY requires at least two arguments/, 'COPY'],
    ['COPY a <<A\nA', /COPY cannot accept a heredoc as a destination/, '<<A'],
    ['CMD ["a", ["b"]]', /arrays must be comprised of strings only/, '["a", ["b"]]'],
    ['ENV A', /ENV must have two arguments/, 'A', /ENV A=value/],
    ['ENV A=b c', /can't find = in "c". Must be of the form: name=value/, 'c'],
    ['ENV =b', /ENV names can not be blank/, '=b'],
    ['LABEL', /LABEL requires at least one argument/, 'LABEL'],
    ['ARG a =b', /ARG names can not be blank/, '=b'],
    ['RUN []', /RUN requires at least one argument/, 'RUN'],
    ['RUN --network=foo x', /invalid network mode "foo"/, '--network=foo'],
    ['RUN <<A\nx', /unterminated heredoc/, '<<A'],
    ['SHELL sh -c', /SHELL requires the arguments to be in JSON form/, 'sh -c'],
    ['VOLUME [""]', /VOLUME specified can not be an empty string/, '""'],
    ['USER', /USER requires exactly one argument/, 'USER'],
    ['HEALTHCHECK FOO', /Unknown type "FOO" in HEALTHCHECK \(try CMD\)/, 'FOO'],
    ['HEALTHCHECK CMD', /Missing command after HEALTHCHECK CMD/, 'CMD'],
    ['HEALTHCHECK NONE x', /HEALTHCHECK NONE takes no arguments/, 'x'],
    ['HEALTHCHECK --interval=5 CMD x', /time: missing unit in duration "5"/, '--interval=5', /30s/],
    ['HEALTHCHECK --interval=1us CMD x', /Interval "interval" cannot be less than 1ms/, '--interval=1us'],
    ['HEALTHCHECK --retries=-1 CMD x', /--retries cannot be negative \(-1\)/, '--retries=-1'],
    ['ONBUILD FROM x', /FROM isn't allowed as an ONBUILD trigger/, 'FROM'],
    ['ONBUILD ONBUILD RUN x', /Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed/, 'ONBUILD'],
    ['ONBUILD ENV A', /ENV must have two arguments/, 'A'],
    ['FROM a b', /FROM requires either one or three arguments/, 'b'],
    ['FROM a AS 1x', /invalid name for build stage: "1x"/, '1x'],
  ]
  for (const [line, message, token, hint] of cases) {
    test(line, () => {
      const text = `FROM scratch\n${line}\n`
      const [error, ...others] = failures(text)
      assert.deepEqual(others, [])
      assert.equal(error?.code, 'invalid')
      assert.match(error?.message ?? '', message)
      assert.equal(at(text, error?.range), token)
      if (hint) assert.match(error?.hint ?? '', hint)
    })
  }

  test('of the whole file', () => {
    for (const [text, message] of [
      ['', /the Dockerfile cannot be empty/],
      ['# x\n', /file with no instructions/],
      ['ARG x', /dockerfile contains no stages to build/],
      ['RUN x\nRUN y\nFROM a', /no build stage in current context/],
      ['# escape=x\nFROM a', /invalid escape token 'x' does not match ` or \\/],
      ['# escape=`\n# escape=`\nFROM a', /only one escape parser directive can be used/],
      ['FORM a\nRUN x', /unknown instruction: FORM/],
    ] as const) {
      const errors = failures(text)
      assert.equal(errors.length, 1)
      assert.match(errors[0]!.message, message)
    }
  })

  test('all of them, in order', () => {
    const errors = failures('FROM a\nRNU x\nCOPY a\nRUN ok\nENV A\nUSER')
    assert.deepEqual(
      errors.map(({ range }) => range?.start.line),
      [2, 3, 5, 6],
    )
  })

  test('one for what is no instruction at all, however many lines it goes on', () => {
    const errors = failures('FROM a\nRUN b &&\n  c &&\n  d\nCOPYY e f\ng\n')
    assert.deepEqual(
      errors.map(({ range, hint }) => [range?.start.line, hint?.slice(0, 17)]),
      [
        [3, 'A line begins wit'],
        [5, 'Did you mean COPY'],
        [6, 'A line begins wit'],
      ],
    )
    assert.equal(failures('FROM a\n// b\n')[0]?.hint, 'Comments begin with #.')
  })

  test('of accidents that docker accepts', () => {
    assert.equal(one('onbuild', 'ONBUILD FOO x').trigger, 'FOO x')
    assert.equal(one('arg', 'ARG --x y').args[0]?.name, 'y')
  })
})

describe('any input', () => {
  const word = fc.constantFrom(
    ...['FROM', 'RUN', 'COPY', 'ENV', 'ONBUILD', 'HEALTHCHECK', 'CMD', 'SHELL', 'ARG', 'LABEL', 'VOLUME', 'a', 'AS'],
    ...['--x', '--from=', '--', '\\', '`', '"', "'", '[', ']', '["a"]', '<<E', 'E', '#', '# escape=`', '=', '$', '${'],
    ...[' ', '\t', '\n', '\r\n', '\\\n', '\0', '\ufeff', '\u00a0', '😀', '\ud800'],
  )
  const text = fc.oneof(
    fc.array(word, { maxLength: 60 }).map((words) => words.join(' ')),
    fc.array(word, { maxLength: 60 }).map((words) => words.join('')),
    fc.string({ unit: 'binary', maxLength: 200 }),
  )

  test('is read or rejected, with a place within the text', () => {
    const check = (error: unknown, text: string) => {
      assert.ok(error instanceof StrakeError && error.code === 'invalid')
      const lines = text.split('\n')
      for (const { line, column } of [error.range!.start, error.range!.end]) {
        assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1)
      }
    }
    fc.assert(
      fc.property(text, (text) => {
        try {
          parse(text)
        } catch (error) {
          check(error, text)
        }
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          parseDockerfile(bytes, 'x')
        } catch (error) {
          assert.ok(error instanceof StrakeError)
        }
      }),
    )
  })

  test('long and deep input ends', () => {
    const many = 200_000
    for (const text of [
      'ONBUILD '.repeat(many),
      `FROM a\nCMD ${'['.repeat(many)}`,
      `FROM a\nENV ${'"a '.repeat(many)}`,
      `FROM a\nENV ${'a=b '.repeat(many)}`,
      `FROM a\nRUN ${'\\ '.repeat(many)}`,
      `FROM a\nRUN ${'\\\n'.repeat(many)}`,
      `FROM a\nRUN ${'<<a '.repeat(1000)}`,
      `FROM a\nRUN ${'${a:-'.repeat(many)} <<b`,
      `FROM a\nCOPY ${'--x '.repeat(many)}`,
      `# syntax=${' '.repeat(many)}x${' '.repeat(many)}\nFROM a`,
      'FROM a\n'.repeat(many / 10),
      'X\n'.repeat(many / 10),
    ]) {
      try {
        parse(text)
      } catch (error) {
        assert.ok(error instanceof StrakeError)
      }
    }
  })
})
