import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { readElf } from './elf.ts'
import { type Failure, hint, rules } from './mod.ts'

const text = (content: string) => new TextEncoder().encode(content)

/** The header of an ELF file for a machine, as far as it is looked at. */
function elf(machine: number): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  bytes[18] = machine & 0xff
  return bytes
}

const otherMachine = process.arch === 'arm64' ? 62 : 183
const native = readFileSync(process.execPath)
const nativeLoader = readElf(native)?.loader ?? ''

interface Case {
  readonly rule: string
  readonly name?: string
  readonly command?: string
  readonly exitCode?: number
  readonly output: string
  readonly files?: Readonly<Record<string, Uint8Array>>
  readonly cwd?: string
  readonly cause: RegExp
  readonly fix: RegExp
}

// The outputs are those of Debian 12, pip 23, npm 9, curl 7.88, busybox 1.35 and runc 1.1.
const cases: Case[] = [
  {
    rule: 'apt asks',
    command: 'apt-get update && apt install curl',
    output:
      'After this operation, 15.8 MB of additional disk space will be used.\nDo you want to continue? [Y/n] Abort.\n',
    cause: /apt-get asked/,
    fix: /install -y/,
  },
  {
    rule: 'apt does not know the package',
    command: 'apt-get install -y curl',
    exitCode: 100,
    output: 'Reading package lists...\nBuilding dependency tree...\nE: Unable to locate package curl\n',
    cause: /no package lists/,
    fix: /apt-get update && apt-get install -y curl/,
  },
  {
    rule: 'apt does not know the package',
    name: 'misspelt',
    command: 'apt-get update && apt-get install -y pythn3',
    output: 'Hit:1 http://mirror.test/debian bookworm InRelease\nE: Unable to locate package pythn3\n',
    cause: /no package pythn3/,
    fix: /spelt/,
  },
  {
    rule: 'apt does not know the package',
    name: 'renamed, says apt',
    output:
      "However the following packages replace it:\n  python3-pip\n\nE: Package 'python-pip' has no installation candidate\n",
    cause: /python3-pip today/,
    fix: /Install python3-pip/,
  },
  {
    rule: 'apt does not know the package',
    name: 'renamed, by rule',
    output: 'E: Unable to locate package python-pip\n',
    cause: /python3-pip today/,
    fix: /Install python3-pip/,
  },
  {
    rule: 'apt does not know the package',
    name: 'of Python 2',
    output:
      "However the following packages replace it:\n  python-dev-is-python3\n\nE: Package 'python-dev' has no installation candidate\n",
    cause: /python3-dev/,
    fix: /python3-dev/,
  },
  {
    rule: 'apt lists are stale',
    output:
      'E: Failed to fetch http://mirror.test/debian/pool/main/c/curl/curl_7.88.1-10_amd64.deb  404  Not Found [IP: 1.2.3.4 80]\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n',
    cause: /older than the mirror/,
    fix: /apt-get update && apt-get install/,
  },
  {
    rule: 'apt suite is gone',
    output: "E: The repository 'http://mirror.test/debian stretch Release' does not have a Release file.\n",
    cause: /stretch/,
    fix: /archive\.debian\.org/,
  },
  {
    rule: 'pip may not',
    output:
      'error: externally-managed-environment\n\n× This environment is externally managed\nhint: See PEP 668 for the detailed specification.\n',
    cause: /PEP 668/,
    fix: /venv/,
  },
  {
    rule: 'pip has no requirements',
    output: "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'\n",
    cause: /no requirements.txt/,
    fix: /COPY requirements.txt/,
  },
  {
    rule: 'pip finds no version',
    output:
      'ERROR: Could not find a version that satisfies the requirement flaskk==9 (from versions: none)\nERROR: No matching distribution found for flaskk==9\n',
    cause: /flaskk==9/,
    fix: /version/,
  },
  {
    rule: 'python module is missing',
    output: "Traceback (most recent call last):\nModuleNotFoundError: No module named 'flask'\n",
    cause: /flask/,
    fix: /pip install flask/,
  },
  {
    rule: 'npm has no package.json',
    exitCode: 254,
    output:
      "npm ERR! code ENOENT\nnpm ERR! path /tmp/package.json\nnpm ERR! enoent ENOENT: no such file or directory, open '/tmp/package.json'\n",
    cause: /\/tmp\/package.json/,
    fix: /COPY package/,
  },
  {
    rule: 'node module is missing',
    output: "node:internal/modules/cjs/loader:1080\nError: Cannot find module 'express'\nRequire stack:\n- /[eval]\n",
    cause: /express/,
    fix: /package.json/,
  },
  {
    rule: 'node module is missing',
    name: 'an own file',
    output: "Error: Cannot find module '/app/server.js'\n",
    cause: /\/app\/server.js/,
    fix: /WORKDIR/,
  },
  {
    rule: 'disk full',
    output: "cp: error writing 'x': No space left on device\n",
    cause: /disk is full/,
    fix: /image prune/,
  },
  ...[
    'curl: (60) SSL certificate problem: self-signed certificate in certificate chain',
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:992)'))': /simple/flask/\nERROR: No matching distribution found for flask",
    'npm ERR! code SELF_SIGNED_CERT_IN_CHAIN',
    "fatal: unable to access 'https://x/': server certificate verification failed. CAfile: none CRLfile: none",
    "ERROR: The certificate of 'x' is not trusted.\nERROR: The certificate of 'x' doesn't have a known issuer.",
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ].map((output) => ({ rule: 'certificate', name: output.slice(0, 30), output, cause: /authority/, fix: /--ca/ })),
  ...[
    "W: Failed to fetch http://mirror.test/debian/dists/bookworm/InRelease  Temporary failure resolving 'mirror.test'\nE: Unable to locate package curl",
    'curl: (6) Could not resolve host: mirror.test',
    "wget: unable to resolve host address 'mirror.test'",
    "wget: bad address 'mirror.test'",
    'npm ERR! request failed, reason: getaddrinfo EAI_AGAIN mirror.test',
    "HTTPSConnectionPool(host='mirror.test', port=443): Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
  ].map((output) => ({
    rule: 'name resolution',
    name: output.slice(0, 30),
    output,
    cause: /mirror\.test/,
    fix: /getent hosts mirror/,
  })),
  { rule: 'killed', exitCode: 137, output: 'Killed\n', cause: /memory/, fix: /make -j2/ },
  {
    rule: 'no such program',
    name: 'python',
    exitCode: 127,
    output: '/bin/sh: 1: python: not found\n',
    cause: /python3 only/,
    fix: /python-is-python3/,
  },
  { rule: 'no such program', name: 'pip', output: '/bin/sh: 1: pip: not found\n', cause: /"pip"/, fix: /python3-pip/ },
  {
    rule: 'no such program',
    name: 'in bash',
    output: 'bash: line 1: ping: command not found',
    cause: /"ping"/,
    fix: /iputils-ping/,
  },
  {
    rule: 'no such program',
    name: 'in busybox',
    output: 'sh: curl: not found',
    files: { '/sbin/apk': text('') },
    cause: /"curl"/,
    fix: /apk add --no-cache curl/,
  },
  {
    rule: 'no such program',
    name: 'in an image without a package manager',
    output: 'sh: curl: not found',
    files: {},
    cause: /"curl"/,
    fix: /COPY --from=IMAGE/,
  },
  {
    rule: 'no such program',
    name: 'in Debian',
    output: 'sh: 1: curl: not found',
    files: { '/usr/bin/apt-get': text('') },
    cause: /"curl"/,
    fix: /apt-get install -y curl/,
  },
  {
    rule: 'no such program',
    name: 'of runc',
    output:
      'time="…" level=error msg="runc run failed: unable to start container process: exec: \\"flask\\": executable file not found in $PATH"',
    cause: /"flask"/,
    fix: /pip install flask/,
  },
  { rule: 'no such program', name: 'npm', output: '/bin/sh: 1: vite: not found', cause: /"vite"/, fix: /npx vite/ },
  { rule: 'no such program', name: 'sudo', output: '/bin/sh: 1: sudo: not found', cause: /"sudo"/, fix: /root/ },
  {
    rule: 'no such program',
    name: 'another distribution',
    output: '/bin/sh: apt-get: not found',
    files: { '/sbin/apk': text('') },
    cause: /Debian and Ubuntu/,
    fix: /apk add/,
  },
  {
    rule: 'no such program',
    name: 'unknown',
    output: '/bin/sh: 1: frobnicate: not found',
    cause: /"frobnicate"/,
    fix: /package/,
  },
  {
    rule: 'no such program',
    name: 'a path',
    output: '/bin/sh: 1: /nope.sh: not found',
    files: {},
    cause: /no file \/nope.sh/,
    fix: /Copy it/,
  },
  {
    rule: 'no such program',
    name: 'a script',
    output: 'sh: 0: cannot open nope.sh: No such file\n',
    cause: /"nope.sh"/,
    fix: /./,
  },
  {
    rule: 'a word of bash',
    name: 'source',
    exitCode: 127,
    output: '/bin/sh: 1: source: not found\n',
    cause: /"source"/,
    fix: /SHELL/,
  },
  { rule: 'a word of bash', name: '[[', output: '/bin/sh: 1: [[: not found\n', cause: /"\[\["/, fix: /SHELL/ },
  {
    rule: 'a word of bash',
    name: 'substitution',
    exitCode: 2,
    output: '/bin/sh: 1: Bad substitution\n',
    cause: /bash/,
    fix: /SHELL/,
  },
  {
    rule: 'a word of bash',
    name: 'array',
    exitCode: 2,
    output: '/bin/sh: 1: Syntax error: "(" unexpected\n',
    cause: /bash/,
    fix: /SHELL/,
  },
  {
    rule: 'interpreter or loader is missing',
    name: 'Windows line endings',
    output: 'exec /start.sh: no such file or directory',
    files: { '/start.sh': text('#!/bin/bash\r\necho hi\r\n'), '/bin/bash': native },
    cause: /Windows line endings: it asks for "\/bin\/bash\\r"/,
    fix: /sed/,
  },
  {
    rule: 'interpreter or loader is missing',
    name: 'in bash',
    exitCode: 127,
    output: '/bin/bash: line 1: /run.py: cannot execute: required file not found\n',
    files: { '/run.py': text('#!/usr/bin/python3.9 -u\n') },
    cause: /not \/usr\/bin\/python3\.9/,
    fix: /Install python3\.9/,
  },
  {
    rule: 'interpreter or loader is missing',
    name: 'relative',
    output: '/bin/sh: 1: ./start.sh: not found',
    files: { '/app/start.sh': text('#!/bin/bash\necho hi\n') },
    cwd: '/app',
    cause: /not \/bin\/bash/,
    fix: /Install bash, or write the script for \/bin\/sh/,
  },
  {
    rule: 'interpreter or loader is missing',
    name: 'loader',
    output: 'exec /app: no such file or directory',
    files: { '/app': native },
    cause: new RegExp(`not ${nativeLoader}`),
    fix: /CGO_ENABLED=0/,
  },
  {
    rule: 'Windows line endings',
    output:
      "/usr/bin/env: 'bash\\r': No such file or directory\n/usr/bin/env: use -[v]S to pass options in shebang lines\n",
    cause: /"bash\\r"/,
    fix: /sed/,
  },
  {
    rule: 'Windows line endings',
    name: 'of bash',
    output: 'bash: ./x.sh: /bin/bash^M: bad interpreter: No such file or directory',
    cause: /"\/bin\/bash\\r"/,
    fix: /gitattributes/,
  },
  {
    rule: 'Windows line endings',
    name: 'within the script',
    output: "/crlf.sh: line 2: $'\\r': command not found\n",
    cause: /Windows line endings\.$/,
    fix: /gitattributes/,
  },
  {
    rule: 'wrong format',
    name: 'another machine',
    exitCode: 126,
    output: '/bin/sh: 1: /arm: Exec format error\n',
    files: { '/arm': elf(otherMachine) },
    cause: /\/arm is built for (?:arm64|amd64), and this machine is/,
    fix: /Build it for .* or let QEMU run it: apt-get install qemu-user-static binfmt-support, or docker run .*tonistiigi/,
  },
  {
    rule: 'interpreter or loader is missing',
    name: 'QEMU is registered with a path that the image lacks',
    exitCode: 127,
    output: 'exec /arm: no such file or directory',
    files: { '/arm': elf(otherMachine) },
    cause: /\/arm is built for (?:arm64|amd64); what is registered with the kernel/,
    fix: /tonistiigi/,
  },
  {
    rule: 'wrong format',
    name: 'no shebang',
    output: 'exec /start: exec format error',
    files: { '/start': text('echo hi\n') },
    cause: /does not begin with "#!"/,
    fix: /#!\/bin\/sh/,
  },
  {
    rule: 'wrong format',
    name: 'nothing known',
    output: 'bash: line 1: /arm: cannot execute binary file: Exec format error',
    cause: /\/arm/,
    fix: /./,
  },
  {
    rule: 'not executable',
    exitCode: 126,
    output: '/bin/sh: 1: /start.sh: Permission denied\n',
    cause: /\/start.sh/,
    fix: /--chmod=755/,
  },
  {
    rule: 'not executable',
    name: 'of runc',
    output: 'msg="runc run failed: exec: \\"/start.sh\\": permission denied"',
    cause: /\/start.sh/,
    fix: /chmod \+x/,
  },
  {
    rule: 'shared library is missing',
    exitCode: 127,
    output:
      'app: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory',
    cause: /libpq.so.5/,
    fix: /Install/,
  },
]

describe('rules', () => {
  const tested = new Set<string>()
  for (const { rule, name, command = '', exitCode = 1, output, files, cwd, cause, fix } of cases) {
    test(name ? `${rule}: ${name}` : rule, () => {
      tested.add(rule)
      const failure: Failure = {
        command,
        exitCode,
        output,
        ...(files && { readHead: (path: string) => files[path] }),
        ...(cwd !== undefined && { cwd }),
      }
      assert.equal(rules.find((other) => other.match(failure))?.name, rule)
      const found = hint(failure)
      assert.match(found?.cause ?? '', cause)
      assert.match(found?.fix ?? '', fix)
      assert.doesNotMatch(`${found?.cause}${found?.fix}`, /\n|undefined/)
    })
  }
  after(() => assert.deepEqual([...tested].sort(), rules.map(({ name }) => name).sort()))
})

test('nothing is said of what is not known', () => {
  for (const output of [
    '',
    'make: *** [all] Error 1\n',
    '404 Not Found',
    'warning: foo: not found\nerror: bad thing\n',
  ]) {
    assert.equal(hint({ command: 'make', exitCode: 2, output }), undefined, output)
  }
  const far = `/bin/sh: 1: optional-tool: not found\n${'line\n'.repeat(30)}error\n`
  assert.equal(hint({ command: 'make', exitCode: 1, output: far }), undefined)
})

test('hostile output takes no time', () => {
  for (const part of ["host='a", 'npm ERR! ', 'a', 'a: ', '\r', 'exec ', "env: 'x", 'x-', '/']) {
    hint({ command: part.repeat(10_000), exitCode: 1, output: part.repeat(65_536 / part.length) })
  }
})

test('ELF headers', () => {
  assert.equal(readElf(text('#!/bin/sh\n')), undefined)
  assert.equal(readElf(new Uint8Array()), undefined)
  assert.deepEqual(readElf(elf(183)), { architecture: 'arm64', loader: undefined })
  assert.match(nativeLoader, /^\/lib/)
  assert.equal(readElf(native.subarray(0, 100))?.loader, undefined)
})
