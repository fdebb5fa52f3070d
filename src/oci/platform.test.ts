import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlatform, parsePlatform, platformMatches } from './platform.ts'
import { hostPlatform } from './types.ts'

test('platforms are read as containerd reads them', () => {
  for (const [text, expected] of [
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/armel', 'linux/arm/v6'],
    ['aarch64', 'linux/arm64'],
    ['macos/arm64', 'darwin/arm64'],
    ['linux/unheard-of', 'linux/unheard-of'],
    ['windows', `windows/${hostPlatform.architecture}`],
  ] as const) {
    assert.equal(formatPlatform(parsePlatform(text)), expected, text)
  }
})

test('what is no platform is refused', () => {
  for (const text of ['', 'bogus', 'linux/', 'linux/amd64/v1/x', 'linux amd64', '/amd64']) {
    assert.throws(() => parsePlatform(text), { code: 'invalid' }, text)
  }
})

test('variants count where both have one', () => {
  const matches = (has: string, wanted: string) => platformMatches(parsePlatform(has), parsePlatform(wanted))
  assert.ok(matches('linux/arm64', 'linux/arm64/v8'))
  assert.ok(!matches('linux/arm/v6', 'linux/arm/v7'))
  assert.ok(!matches('linux/amd64', 'linux/arm64'))
  assert.ok(platformMatches({ os: 'linux', architecture: 'arm' }, parsePlatform('linux/arm/v6')))
})
