import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeTree } from '../store/mod.ts'
import { readGcPolicy } from './gc-policy.ts'

const disk = { size: 270_553_174_016, free: 0 }

function policyOf(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'strake-gc-'))
  try {
    writeFileSync(join(directory, 'daemon.json'), text)
    return readGcPolicy(disk, { DOCKER_CONFIG: directory })
  } finally {
    removeTree(directory)
  }
}

const gc = (settings: unknown) => policyOf(JSON.stringify({ builder: { gc: settings } }))

test('without a policy of its own, it is the one of docker', () => {
  // What `docker buildx inspect` shows on a disk of that size.
  const limits = { reservedSpace: 26e9, maxUsedSpace: 202e9, minFreeSpace: 51e9 }
  const own = [
    { filters: ['type=exec.cachemount', 'unused-for=48h'], maxUsedSpace: 3_592_570_859 },
    { filters: ['unused-for=1440h'], ...limits },
    limits,
    { all: true, ...limits },
  ]
  assert.deepEqual(policyOf('{}'), own)
  assert.deepEqual(policyOf(''), own)
  assert.deepEqual(gc({ enabled: true }), own)
  assert.deepEqual(gc({ enabled: false }), [])
})

test('its limits and its rules are what daemon.json says', () => {
  const [mounts, , rule] = gc({ defaultKeepStorage: '1GB', defaultMinFreeSpace: '5%' })
  assert.deepEqual(rule, { reservedSpace: 2 ** 30, maxUsedSpace: 202e9, minFreeSpace: 13e9 })
  assert.equal(mounts?.maxUsedSpace, 512e6)
  const none = { reservedSpace: undefined, maxUsedSpace: undefined, minFreeSpace: undefined }
  assert.deepEqual(
    gc({
      defaultReservedSpace: '2GB',
      policy: [
        { filter: ['unused-for=2200h'], keepStorage: '10GB' },
        { all: true, maxUsedSpace: '50GB', keepDuration: 3600 },
        {},
      ],
    }),
    [
      { ...none, all: false, filters: ['unused-for=2200h'], reservedSpace: 10 * 2 ** 30 },
      { ...none, all: true, filters: ['unused-for=3600s'], reservedSpace: 2 * 2 ** 30, maxUsedSpace: 50 * 2 ** 30 },
      { ...none, all: false, filters: [], reservedSpace: 2 * 2 ** 30 },
    ],
  )
})

test('what makes no sense is refused with its place', () => {
  const refused: [unknown, RegExp][] = [
    [{ enabled: 'yes' }, /builder\.gc\.enabled is neither/],
    [{ defaultReservedSpace: 'much' }, /builder\.gc\.defaultReservedSpace is no amount of space: "much"/],
    [{ policy: {} }, /builder\.gc\.policy is no list/],
    [{ policy: [1] }, /policy\[0\] is no rule/],
    [{ policy: [{}, { filter: ['color=red'] }] }, /policy\[1\] has an invalid filter 'color'/],
    [{ policy: [{ filter: 'type=regular' }] }, /policy\[0\]\.filter is no list/],
    [{ policy: [{ keepDuration: 'long' }] }, /policy\[0\] has an invalid time "long"/],
    [[], /builder\.gc is no object/],
  ]
  for (const [settings, message] of refused) assert.throws(() => gc(settings), { code: 'invalid', message })
  assert.throws(() => policyOf('{'), { code: 'invalid', message: /is not JSON/ })
})
