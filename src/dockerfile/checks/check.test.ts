import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StrakeError } from '../../lib/mod.ts'
import { type CheckOptions, checkDockerfile, checkRules, fixDockerfile, parseDockerfile, parseIgnore } from '../mod.ts'
import { dockerfileText } from '../testing.ts'

const check = (text: string, options?: CheckOptions) => checkDockerfile(text, options).findings
const names = (text: string, options?: CheckOptions) => check(text, options).map(({ rule }) => rule)
/** What is found by one rule, as the words it points at. */
const marked = (rule: string, text: string, options?: CheckOptions) =>
  check(text, options)
    .filter((finding) => finding.rule === rule)
    .map(({ at: { start, end } }) => {
      const lines = text.split('\n').slice(start.line - 1, end.line)
      lines[lines.length - 1] = lines.at(-1)!.slice(0, end.column - 1)
      return lines.join('\n').slice(start.column - 1)
    })

describe('each rule finds its bad example, and nothing in the good one', () => {
  const whole = (text: string) =>
    `# check=experimental=all\n${/^(ARG .*\n)?(#.*\n(?=FROM))?FROM/m.test(text) ? '' : 'FROM alpine:3\n'}${text}\n`
  for (const rule of checkRules) {
    test(rule.name, () => {
      const patterns = (text: string) => /^# \.dockerignore: (.*)/.exec(text)?.[1]?.replace(' and ', '\n') ?? ''
      const base = (name: string) =>
        name.startsWith('s390x/') ? { platform: { os: 'linux', architecture: 's390x' } } : undefined
      const find = (text: string) => names(whole(text), { ignore: parseIgnore(patterns(text)), base })
      assert.ok(find(rule.bad).includes(rule.name), whole(rule.bad))
      assert.ok(!find(rule.good).includes(rule.name), whole(rule.good))
    })
  }
})

describe('places', () => {
  test('the very words', () => {
    assert.deepEqual(marked('StageNameCasing', 'FROM a:1 AS Up'), ['Up'])
    assert.deepEqual(marked('UndefinedVar', 'FROM scratch\nENV a=$x b=${x} \\\n c="$y z"'), ['$x', '${x}', '$y'])
    assert.deepEqual(marked('SecretsUsedInArgOrEnv', 'FROM a:1\nENV x=1 TOKEN=2\nARG a b_KEY=1'), ['TOKEN', 'b_KEY=1'])
    assert.deepEqual(marked('AptWithoutYes', 'FROM a:1\nRUN apt-get update && \\\n  apt-get install curl'), [
      'apt-get install',
    ])
    assert.deepEqual(marked('SecretCopied', 'FROM a:1\nCOPY a .env b /x/\nCOPY .env.example id_rsa.pub /x/'), ['.env'])
  })

  test('the lines that docker names', () => {
    const [finding] = check('FROM scratch\nENV a=1 \\\n  b=$x\n')
    assert.deepEqual([finding?.range.start.line, finding?.range.end.line, finding?.at.start.line], [2, 3, 3])
  })
})

describe('directive', () => {
  test('skip, error and experimental', () => {
    const text = 'FROM scratch AS A\nCMD x\n'
    assert.deepEqual(names(text), ['StageNameCasing', 'JSONArgsRecommended', 'RunsAsRoot'])
    assert.deepEqual(names(`# check=skip=StageNameCasing,RunsAsRoot\n${text}`), ['JSONArgsRecommended'])
    assert.deepEqual(names(`# check=skip=all\n${text}`), [])
    assert.deepEqual(names(text, { skip: ['JSONArgsRecommended', 'RunsAsRoot'] }), ['StageNameCasing'])
    const buildArgs = { BUILDKIT_DOCKERFILE_CHECK: 'skip=JSONArgsRecommended;error=true' }
    const { failure, findings } = checkDockerfile(`# check=skip=all\n${text}`, { buildArgs })
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['StageNameCasing', 'RunsAsRoot'],
    )
    assert.equal(failure, 'lint violation found for rules: StageNameCasing')
  })

  test('advice does not fail a build', () => {
    assert.equal(checkDockerfile('# check=error=true\nFROM debian\n').failure, undefined)
  })

  test('mistakes in it', () => {
    for (const value of ['skip', 'error=maybe', 'foo=bar', 'skip=all;x=1']) {
      assert.throws(() => check(`# check=${value}\nFROM a`), {
        code: 'invalid',
        message: /failed to parse check options/,
      })
    }
  })

  test('what is no Dockerfile is an error', () => {
    assert.throws(() => check('FORM a\nCOPYY b c\n'), { code: 'invalid', message: /unknown instruction: FORM/ })
  })
})

describe('variables', () => {
  const unset = (text: string, options?: CheckOptions) =>
    check(text, options).flatMap(({ rule, message }) => (rule === 'UndefinedVar' ? [message.match(/\$(\w+)/)![1]] : []))

  test('of bases', () => {
    const base = (name: string) => (name === 'node:22' ? { env: ['NODE_VERSION=22.1'] } : undefined)
    assert.deepEqual(unset('FROM node:22\nENV a=$NODE_VERSION b=$NOD', { base }), ['NOD'])
    assert.deepEqual(unset('FROM debian:12\nENV a=$JAVA_HOME'), ['JAVA_HOME'])
    assert.deepEqual(unset('FROM scratch\nENV a=$JAVA_HOME'), ['JAVA_HOME'])
  })

  test('of a base that is not known, only slips of the pen are told', () => {
    assert.deepEqual(unset('FROM company/base:1\nARG VERSION=1\nENV a=$JAVA_HOME b=$GOPATH c=$VERSON'), ['VERSON'])
    assert.deepEqual(unset('FROM company/base:1 AS x\nFROM x\nENV a=$JAVA_HOME'), [])
  })

  test('build arguments', () => {
    assert.deepEqual(unset('FROM scratch\nARG a=$b', { buildArgs: { a: '1' } }), [])
  })
})

describe('advice', () => {
  const advice = (text: string) =>
    check(`FROM debian:12\n${text}`).flatMap(({ rule, level }) => (level === 'advice' ? [rule] : []))

  test('apt', () => {
    assert.deepEqual(advice('RUN apt-get update && apt-get install -qy a && rm -rf /var/lib/apt/lists/*'), [])
    assert.deepEqual(advice('RUN apt update; apt install --yes a'), ['AptListsKept'])
    assert.deepEqual(advice('RUN --mount=type=cache,target=/var/lib/apt apt update && apt install -y a'), [])
    assert.deepEqual(advice('RUN sudo DEBIAN_FRONTEND=noninteractive apt-get -o x=y install a'), ['AptWithoutYes'])
    assert.deepEqual(advice('RUN echo "apt-get install x" # apt-get install'), [])
    assert.deepEqual(advice('RUN <<EOF\napt-get update\napt-get install curl\nEOF'), ['AptWithoutYes', 'AptListsKept'])
    assert.deepEqual(advice('RUN apt-get update\nRUN ["apt-get", "install", "x"]'), ['AptUpdateAlone'])
  })

  test('lists in a stage that only hands out files', () => {
    const text = 'FROM debian:12 AS b\nRUN apt-get update && apt-get install -y gcc\nFROM scratch\nCOPY --from=b /x /x'
    assert.deepEqual(names(text), [])
  })

  test('ADD', () => {
    assert.deepEqual(advice('ADD a.tar.gz /x\nADD https://example.org/a /x\nADD git@example.org:a.git /x'), [])
    assert.deepEqual(advice('ADD --checksum=sha256:00 a /x\nADD a b/ /x/'), ['AddWhereCopyServes'])
  })

  test('COPY before dependencies', () => {
    assert.deepEqual(advice('COPY . .\nRUN npm ci'), ['CopyBeforeInstall'])
    assert.deepEqual(advice('COPY package.json .\nRUN npm ci\nCOPY . .'), [])
    assert.deepEqual(advice('COPY . .\nRUN npm install -g pm2 && pip install flask'), [])
    assert.deepEqual(advice('COPY --from=x . .\nRUN npm ci'), [])
    assert.deepEqual(advice('COPY . .\nRUN cd x && pip3 install --no-cache-dir -r requirements.txt'), [
      'CopyBeforeInstall',
    ])
  })

  test('root', () => {
    assert.deepEqual(advice('CMD ["x"]'), ['RunsAsRoot'])
    assert.deepEqual(advice('USER app\nCMD ["x"]'), [])
    assert.deepEqual(advice('USER app\nUSER 0:0\nCMD ["x"]'), ['RunsAsRoot'])
    assert.deepEqual(names('FROM x:1\nCMD ["x"]', { base: () => ({ user: 'app' }) }), [])
    assert.deepEqual(names('FROM a:1 AS b\nUSER x\nFROM b\nCMD ["x"]'), [])
  })

  test('tags', () => {
    const latest = (base: string) => names(`ARG V\nFROM ${base}`).includes('LatestBaseImage')
    assert.deepEqual(['debian', 'a/b:latest', 'localhost:5000/x'].map(latest), [true, true, true])
    assert.deepEqual(['scratch', 'debian:12', `debian@sha256:${'0'.repeat(64)}`].map(latest), [false, false, false])
  })
})

describe('fix', () => {
  test('puts right what is safe', () => {
    const text = `from debian:12 as Base
RUN apt-get update && apt-get install \\

  curl
ENV a b c
LABEL d e
ADD x.txt /
ADD x /
expose 80/TCP 1:2
MAINTAINER me
ENV f "g"
FROM --platform=$TARGETPLATFORM  Base
`
    const fixed = `FROM debian:12 AS base
RUN apt-get update && apt-get install -y \\
  curl
ENV a="b c"
LABEL d=e
COPY x.txt /
ADD x /
EXPOSE 80/tcp 2
LABEL org.opencontainers.image.authors="me"
ENV f "g"
FROM Base
`
    assert.equal(fixDockerfile(text), fixed)
    assert.equal(fixDockerfile(fixed), fixed)
  })

  test('leaves alone what would be something else, or nothing', () => {
    for (const line of ['LABEL a\u00a0 b', 'ENV a\u0085 b', 'EXPOSE 127.0.0.1:', 'ENV a "b" c', 'ENV a \\$b']) {
      const text = `FROM base:1\n${line}\n`
      assert.equal(fixDockerfile(text), text)
    }
  })

  test('obeys the directive', () => {
    const text = '# check=skip=StageNameCasing\nFROM a:1 AS B\n'
    assert.equal(fixDockerfile(text), text)
  })

  test('never breaks a Dockerfile, and leaves nothing that it can put right', () => {
    fc.assert(
      fc.property(dockerfileText, (text) => {
        try {
          parseDockerfile(text, 'Dockerfile')
        } catch (error) {
          assert.ok(error instanceof StrakeError)
          return
        }
        const fixed = fixDockerfile(`${text}`)
        parseDockerfile(fixed, 'Dockerfile')
        assert.equal(fixDockerfile(fixed), fixed)
      }),
      { numRuns: 500 },
    )
  })
})

test('with a target, what only matters in what is built is looked for there', () => {
  const text = 'FROM a AS One\nENV A=$X\nFROM b AS two\nENV A=$X\nFROM one\nENV A=$X\n'
  const lines = (target?: string) =>
    check(text, {
      skip: ['LatestBaseImage', 'RunsAsRoot'],
      base: () => ({}),
      ...(target !== undefined && { targets: [target] }),
    }).map(({ rule, range }) => `${rule} ${range.start.line}`)
  const casing = 'StageNameCasing 1'
  assert.deepEqual(lines(), [casing, 'UndefinedVar 2', 'UndefinedVar 4', 'UndefinedVar 6'])
  assert.deepEqual(lines(''), [casing, 'UndefinedVar 2', 'UndefinedVar 6'])
  assert.deepEqual(lines('two'), [casing, 'UndefinedVar 4'])
})
