import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ChainId, chainOf, type DiffId, type Digest, digestOf } from '../../oci/mod.ts'
import { collect } from '../context/collect.ts'
import { openTree } from '../context/tree.ts'
import type { OperationVertex, SourceVertex, Vertex } from '../graph.ts'
import { mergeDefinition } from '../operations/definition.ts'
import type { StepMount } from '../operations/step-mounts.ts'
import {
  type BuildKitStep,
  copyStep,
  copyTextStep,
  execStep,
  manifestKey,
  mergeStep,
  mkdirStep,
  sourceKey,
} from './buildkit-keys.ts'
import { buildkitMatcher } from './buildkit-match.ts'
import { buildkitMounts } from './buildkit-mounts.ts'
import { buildkitRecords } from './buildkit-records.ts'
import { buildkitContent } from './content-hash.ts'

const platform = { os: 'linux', architecture: 'amd64' }
const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
const sha = (hex: string) => `sha256:${hex}`

// What Docker 28.5 exported for the same steps.
describe("BuildKit's keys", () => {
  it('of images', () => {
    const layers = [
      sha('fcf126f6707db8b46714c81c61afd650fa57b48555c76db020df5ba685b94dd3'),
      sha('560ed88259c5e1e33c55cc073824caceb828b3c398a88375b7cf17e479247523'),
    ] as string[] as DiffId[]
    const own = sha('c579877017b2e9ab3bcd467fa1b86d53fb56d1bc2f3456eae1f02cfaea87c330')
    assert.equal(sourceKey(chainOf(layers)!), own)
    const index = sha('da1e1b5b7a4d85f11754a4e92770e35b36380e823e122c55b68c85153baa469e') as Digest
    const key = sha('52e496a05ae9a75211977fa668e7d75f0a69cb3db9f3f2bb1b78cefc299e1a77')
    assert.equal(manifestKey(index, platform), key)
  })

  it('of RUN', () => {
    const options = { env, cwd: '/', user: '', network: 'none', platform } as const
    const step = execStep({ ...options, args: ['/bin/sh', '-c', 'echo own > /own'] })
    const key = sha('5e48b291dca47536daf6a401435b2688bf402dbf939741f2942b4789df10df62')
    assert.equal(step.digests(false)[0], key)
    const whole = sha('8a5edab282632443219e051e4ade2d1d5bbc671c781051bf1437897cbdfea0f1')
    assert.deepEqual(step.inputs, [{ kind: 'vertex', at: 0, selector: whole }])
    assert.deepEqual(step.digests(true), [])
    const other = execStep({
      ...options,
      args: ['/bin/sh', '-c', 'echo "$V <&> é" > /v'],
      env: [...env, 'V=1', 'B=2', 'C=3', 'W=w'],
      cwd: '/w',
    })
    assert.equal(other.digests(false)[0], sha('49128ebd3f4fecbe561ec33f49a8abe0ed1ccbcbc0ab6cbbaef718f65f12ecfc'))
  })

  it('of RUN with mounts', () => {
    const range = { file: 'Dockerfile', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }
    const cache = { kind: 'cache', readonly: false, from: undefined, range } as const
    const owner = { mode: undefined, uid: undefined, gid: undefined }
    const bind = (target: string, path: string) =>
      ({ kind: 'bind', target, from: { input: 1, path, content: 'files' }, readonly: true, range }) as const
    const handed = { required: false, uid: 0, gid: 0, range }
    const known: [string, StepMount, string][] = [
      [
        'echo c > /c',
        { ...cache, ...owner, target: '/root/.cache', name: '/root/.cache', sharing: 'shared' },
        '1549ad0ea46e68bc187c49f55129f8d3e20cd66507dcfc1f89bf65e165815d9e',
      ],
      [
        'echo d > /d',
        { ...cache, ...owner, target: '/y', name: 'x', sharing: 'locked' },
        '54f471fab45956ef696139ac14b371d2414e11aec8152dcfd0b4178bef49566c',
      ],
      ['cat /p > /e', bind('/p', '/files'), 'f897d2eccd662e72ab288bc805950c8e935067579164ba977a0f566f6ff51aa4'],
      ['cat /tl > /f', bind('/tl', '/tool'), '31418f44255ba8921324b776b40a522356768c0e29821add2f484c73622ce025'],
      [
        'echo t > /h',
        { kind: 'tmpfs', target: '/t', readonly: false, size: undefined, range },
        '12c80c57249fc27e8c36a9600412c49e50e812fec43a8b62f181ef87d9d3bc66',
      ],
      [
        'cat /run/secrets/s > /g || true',
        { kind: 'secret', target: '/run/secrets/s', env: undefined, id: 's', mode: 0o400, ...handed },
        '7c82bf0ffb5df2d60c651ad95b8e60f8792f6467d52944a53360b997c471d66c',
      ],
      [
        'echo s > /s1',
        { kind: 'ssh', target: '/run/buildkit/ssh_agent.0', id: 'default', mode: 0o600, ...handed },
        'dc29e2f2ea6256e44b762ebd48bdd62f3c7be41e639e358d95226c34c40961d8',
      ],
    ]
    for (const [line, mount, key] of known) {
      const args = ['/bin/sh', '-c', line]
      const mounts = buildkitMounts([mount], env)!
      const step = execStep({ args, env, cwd: '/', user: '', network: 'none', platform, mounts })
      assert.equal(step.digests(false)[0], sha(key), line)
      const read = mount.kind === 'bind' ? [{ kind: 'vertex', at: 1, selector: digestOf(mount.from.path) }] : []
      assert.deepEqual(step.inputs.slice(1), read)
    }
    assert.equal(
      buildkitMounts([{ ...cache, ...owner, uid: 1, target: '/y', name: 'x', sharing: 'shared' }], env),
      undefined,
    )
  })

  it('of WORKDIR', () => {
    const root = sha('57a5ab45ee83a930675514d2528c657cf1d5e669475f33931afc0e7c848c0e34')
    assert.deepEqual(mkdirStep('/src', '').digests(false), [root])
    const user = sha('d46adee192d888480a3de1f8e41ce14a8f87cd0f67f54585c340614ad1c8321c')
    assert.deepEqual(mkdirStep('/w/deep', '1000:1000').digests(false), [user])
    assert.deepEqual(mkdirStep('/w', 'app').digests(true), [])
    assert.deepEqual(mkdirStep('/w', ':').digests(false), [])
  })

  it('of COPY', () => {
    const keyOf = (step: BuildKitStep, onNothing = false) => step.digests(onNothing)[0]
    const files = () => undefined
    const known: [BuildKitStep, string][] = [
      [
        copyStep(['conf'], { destination: '/conf' }, files),
        '57c3c2cb4bd7e6bb1d8a1894aaf274e7fd9d7b67e8cc83ba864dc14798ea5761',
      ],
      [
        copyStep(['./src/'], { destination: '/src/' }, files),
        '692d4f6f8ebd72d0c9fc8c73c4f82d56e502900da64c5a402250ebe7b118a798',
      ],
      [
        copyStep(['.'], { destination: '/w/' }, files),
        'a76bcedb6fc5c455fb7e9f4a9b3b4cb2cca7b421e1f22f7690cdf318ce7ca74d',
      ],
      [
        copyStep(['one.json', 'two.json'], { destination: '/w/' }, files),
        '26f21f6a7ced52583d5af4bedaa33a9c0552fd7d85a449a5ada888af273f28ec',
      ],
      [
        copyStep(['*.json'], { destination: '/j/' }, files),
        'baaea63dc96389290ad5706e26e2a61f09ff3ffeee53c2d933b56a84608f6a7d',
      ],
      [
        copyStep(['one.json'], { destination: '/x', chown: '1:2', chmod: '600' }, files),
        '9587e3a52cbeec8ea00d3753918a8698119d27b9938384efb702850e13dbc123',
      ],
      [copyStep(['/out'], { destination: '/out' }), '83ca67c386cccae529ee520f9539841897ef0c293d4d2c433af5d9db2f3667b4'],
    ]
    const text = copyTextStep({ name: 'X', bytes: Buffer.from('hello\n') }, { destination: '/doc' })
    known.push(
      [
        copyStep(['p'], { destination: '/added', unpack: true }, files),
        '53806e633cfbfff2e3d229f46d510dcad8f26ce6892d63ca44dbc3541c915417',
      ],
      [text, '47c4971ab5d13e4eb1fed87fa474b5cca951c55ea268b842b24033b579e0ea15'],
      [mergeStep(), '5dbfbafede47210a7bd7363461bc885ec7310febe761daffdf666bfdae5970ff'],
    )
    for (const [step, key] of known) assert.equal(keyOf(step), sha(key))
    const made = sha('bb30ca15213f5511bc7742def51025874a98855ecc8a53f097d83492fda690c4')
    assert.deepEqual(text.inputs[1], { kind: 'made', digest: made, selector: digestOf('/X') })
    const onScratch = copyStep(['/v'], { destination: '/v' })
    assert.equal(keyOf(onScratch, true), sha('aecd3878277d4e17ac0187752d5bfd3245cce200fde44a747e58140cb55af90a'))
    const selector = sha('1f807e6b8d5495c0403a1c3b7d7331b178aabbaa07babd0f767fb240e00509f6')
    assert.deepEqual(onScratch.inputs[1], { kind: 'vertex', at: 1, selector })
    assert.deepEqual(copyStep(['a', 'b'], { destination: '/', chown: 'app' }, files).digests(false), [])
  })
})

describe("BuildKit's hashes of files", () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'strake-content-'))
    const write = (name: string, text: string, mode = 0o644) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true, mode: 0o755 })
      writeFileSync(join(folder, name), text)
      chmodSync(join(folder, name), mode)
    }
    write('conf', 'conf\n')
    write('src/main.c', 'int main;\n')
    write('src/util.c', 'util\n')
    write('one.json', '1\n')
    write('two.json', '2\n')
    write('dir/x', 'x\n', 0o755)
    write('dir/sub/y', 'y\n')
    symlinkSync('x', join(folder, 'dir/link'))
    for (const name of ['src', 'dir', 'dir/sub']) chmodSync(join(folder, name), 0o755)
  })
  after(() => rmSync(folder, { recursive: true }))

  const content = (...sources: string[]) =>
    buildkitContent(sources, collect(openTree(folder, 'the context'), sources, { metadata: false }))

  it('are those that Docker has', () => {
    const known: [readonly string[], string][] = [
      [['conf'], '6b9d83f55ed12b6fe754e0db36fd112ad6acd4a0fb7cf4d99d935f26ef663f23'],
      [['src'], 'c6bbb93ec8c7f6b1d61f581c5c5c778c05d7d7c00a4fbc151278d463be7aa498'],
      [['one.json', 'two.json'], 'c13d88371b7b94fd6d3296e5f265c7c809e21f864db5bd7b3be85e58883b0564'],
      [['two.json', 'one.json', 'two.json'], 'c13d88371b7b94fd6d3296e5f265c7c809e21f864db5bd7b3be85e58883b0564'],
      [['*.json'], 'd6f428579b9d19b6395072fa48b676752d306b90ae0ffa0fb43f83b39ddeb538'],
      [['dir/'], '9ee73f87e0af0803eaa9ec5de2355a6d72768cb788a80742e671a6ea4565cb48'],
      [['dir', 'dir/x', 'dir/sub'], '9ee73f87e0af0803eaa9ec5de2355a6d72768cb788a80742e671a6ea4565cb48'],
    ]
    for (const [sources, key] of known) assert.equal(content(...sources), sha(key), sources.join(' '))
  })

  it('are not told of what is read otherwise', () => {
    for (const sources of [['d*'], ['*/x'], ['one.json', '*.json'], ['[o]ne\\.json']]) {
      assert.equal(content(...sources), undefined, sources.join(' '))
    }
  })
})

describe("BuildKit's records", () => {
  const chainId = sha('a'.repeat(64)) as ChainId
  const base: SourceVertex = { kind: 'source', id: 'b', name: 'b', step: undefined, snapshot: undefined, chainId }
  const vertex = (id: string, buildkit: BuildKitStep, inputs: OperationVertex['inputs']): OperationVertex => ({
    kind: 'operation',
    id,
    name: id,
    step: undefined,
    inputs,
    operation: {
      digest: sha('b'.repeat(64)) as Digest,
      facts: {},
      buildkit,
      definition: mergeDefinition(),
      execute: async () => ({}),
    },
  })
  const content = (digit: string) => () => sha(digit.repeat(64)) as Digest
  const run = (line: string, below: Vertex) =>
    vertex(line, execStep({ args: [line], env, cwd: '/', user: '', network: 'default', platform }), [below])
  const copy = (digit: string, below: Vertex) =>
    vertex('copy', copyStep(['f'], { destination: '/f' }, content(digit)), [below])
  const result = { layer: 0, createdAt: undefined }

  it('that are written are found for the same steps, and for no others', () => {
    const copied = copy('1', base)
    const top = run('make', { kind: 'config', id: 'c', name: 'c', step: undefined, input: copied })
    const records = buildkitRecords(new Map([copied, top].map((made) => [made, result])), 0)
    const match = buildkitMatcher(records)
    assert.equal(match(run('make', copy('1', base))).length, 1)
    assert.equal(match(run('make', copy('2', base))).length, 0)
    assert.equal(match(run('made', copy('1', base))).length, 0)
    assert.equal(match(run('make', base)).length, 0)
    const other = { ...base, chainId: sha('c'.repeat(64)) as ChainId }
    assert.equal(match(run('make', copy('1', other))).length, 0)
    const nothing = { ...base, chainId: undefined }
    assert.equal(match(run('make', copy('1', nothing))).length, 0)
  })

  it('are the same for what is done twice', () => {
    const [one, two] = [run('same', base), run('same', base)]
    const records = buildkitRecords(new Map([one, two].map((made) => [made, result])), 5)
    assert.equal(records.length, 2)
    assert.equal(records[1]!.inputs[0]![0]!.link, 5)
  })

  it('that are odd stand for nothing', () => {
    const step = run('make', base)
    const digest = step.operation.buildkit!.digests(false)[0]!
    const selector = digestOf('/')
    const source = { digest: sourceKey(chainId), results: [], inputs: [] }
    const odd = [
      [{ digest, results: [result], inputs: [] }],
      [{ digest, results: [result], inputs: [[{ link: 9, selector }]] }],
      [{ digest, results: [result], inputs: [[{ link: 0, selector }]] }],
      [{ digest, results: [result], inputs: [[{ link: 1, selector: '' }]] }, source],
      [{ digest, results: [result], inputs: [[{ link: 1, selector }], []] }, source],
      [
        { digest, results: [result], inputs: [[{ link: 1, selector }]] },
        { ...source, inputs: [[{ link: 0, selector: '' }]] },
      ],
    ]
    for (const records of odd) assert.deepEqual(buildkitMatcher(records)(step), [])
  })
})
