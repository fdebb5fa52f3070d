import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findDevices } from './cdi.ts'
import { parseYaml } from './cdi-yaml.ts'
import { execute } from './executor.ts'
import { asRoot, testRoot } from './testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'strake-cdi-'))
after(() => rmSync(folder, { recursive: true }))
const shared = join(folder, 'shared')
writeFileSync(shared, 'of the device')
writeFileSync(
  join(folder, 'a.json'),
  JSON.stringify({
    cdiVersion: '0.6.0',
    kind: 'strake.test/null',
    containerEdits: { env: ['KIND=null'] },
    devices: [
      {
        name: 'one',
        containerEdits: {
          env: ['DEVICE=one'],
          deviceNodes: [{ path: '/dev/made', hostPath: '/dev/null' }],
          mounts: [{ hostPath: shared, containerPath: '/shared', options: ['ro'] }],
        },
      },
      {
        name: 'two',
        annotations: { 'org.mobyproject.buildkit.device.class': 'class' },
        containerEdits: { env: ['TWO=2'] },
      },
    ],
  }),
)
const yaml = `---
# generated
cdiVersion: 0.5.0
kind: strake.test/gpu
containerEdits:
  deviceNodes:
  - path: /dev/zero
  hooks:
    - hookName: createContainer
      path: /bin/true # by name
      args: ["hook", "--link"]
devices:
- name: "0"
  containerEdits:
    env:
    - GPU=0
    - 'TEXT=it''s: fine'
- containerEdits: {"env": ["GPU=all"]}
  name: all
`
writeFileSync(join(folder, 'b.yaml'), yaml)

const find = (name: string, required = true) => findDevices([{ name, required }], [join(folder, 'none'), folder])

test('devices are found by name, kind and class', () => {
  const envs = (name: string) => find(name).flatMap(({ env = [] }) => env)
  assert.deepEqual(envs('strake.test/null=one'), ['KIND=null', 'DEVICE=one'])
  assert.deepEqual(envs('strake.test/null'), ['KIND=null', 'DEVICE=one'])
  assert.deepEqual(envs('strake.test/null=*'), ['KIND=null', 'DEVICE=one', 'TWO=2'])
  assert.deepEqual(envs('strake.test/null=class'), ['KIND=null', 'TWO=2'])
  assert.deepEqual(envs('strake.test/gpu=0'), ['GPU=0', "TEXT=it's: fine"])
  assert.deepEqual(find('strake.test/gpu=9', false), [])
  assert.throws(
    () => find('strake.test/gpu=9'),
    /^StrakeError: required device "strake.test\/gpu=9" is not registered$/,
  )
  assert.throws(() => find('gpu', false), /invalid device "gpu"/)
})

test('descriptions in YAML are read', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(parseYaml(yaml))), {
    cdiVersion: '0.5.0',
    kind: 'strake.test/gpu',
    containerEdits: {
      deviceNodes: [{ path: '/dev/zero' }],
      hooks: [{ hookName: 'createContainer', path: '/bin/true', args: ['hook', '--link'] }],
    },
    devices: [
      { name: '0', containerEdits: { env: ['GPU=0', "TEXT=it's: fine"] } },
      { name: 'all', containerEdits: { env: ['GPU=all'] } },
    ],
  })
  assert.deepEqual(parseYaml('- 1\n-\n  - 0o17\n- a: ~\n  b: true\n- "#x" # y\n'), [
    1,
    [15],
    { __proto__: null, a: null, b: true },
    '#x',
  ])
  for (const bad of ['a: &x 1', 'a: |\n  b', '\ta: 1', 'a: "b', 'a: 1\n   b: 2', `${'- '.repeat(100)}x`]) {
    assert.throws(() => parseYaml(bad), SyntaxError)
  }
})

test('a description that can not be read is named', () => {
  const broken = mkdtempSync(join(folder, 'broken-'))
  for (const text of ['{', '{"kind": 1}', '{"kind": "a/b", "devices": [{}]}', '[]']) {
    writeFileSync(join(broken, 'x.json'), text)
    assert.throws(() => findDevices([{ name: 'a.b/c', required: true }], [broken]), /can't read the device description/)
  }
})

test('a container has what its devices bring', asRoot, async () => {
  using root = testRoot()
  let out = ''
  const spec = root.spec(
    ['sh', '-c', 'echo $KIND $DEVICE; cat /shared; echo x > /dev/made && stat -c "%F %t:%T" /dev/made'],
    {
      edits: find('strake.test/null=one'),
      secretEnv: ['KIND=secret'],
    },
  )
  const { exitCode } = await execute(spec, { onOutput: (_, chunk) => (out += Buffer.from(chunk).toString()) })
  assert.equal(out, 'null one\nof the devicecharacter special file 1:3\n')
  assert.equal(exitCode, 0)
})
