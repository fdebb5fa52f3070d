import { StrakeError } from '../../../lib/mod.ts'
import { parseReference } from '../../../oci/mod.ts'
import type { Unset } from '../../evaluated.ts'
import type { RuleText } from '../types.ts'
import { tokenRange } from './places.ts'

export const undefinedArgInFrom: RuleText = {
  name: 'UndefinedArgInFrom',
  level: 'warning',
  description: 'FROM command must use declared ARGs',
  reason:
    'FROM sees only ARGs that stand before the first FROM. Another name is empty there, and the base a wrong one.',
  fix: 'Declare it above the first FROM, with a default.',
  bad: 'FROM node:${VERSION}-slim',
  good: 'ARG VERSION=22\nFROM node:${VERSION}-slim',
  *find({ stages }) {
    for (const { node, from, baseVariables, platform } of stages) {
      const message = ({ name, meant }: Unset) =>
        `FROM argument '${name}' is not declared${meant ? ` (did you mean ${meant}?)` : ''}`
      for (const unset of baseVariables.unset) {
        yield { message: message(unset), range: node.range, at: from.image.range }
      }
      for (const unset of platform?.unset ?? []) {
        yield { message: message(unset), range: node.range, at: from.platform?.range }
      }
    }
  },
}

export const invalidDefaultArgInFrom: RuleText = {
  name: 'InvalidDefaultArgInFrom',
  level: 'warning',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  reason: 'Without --build-arg the file does not build.',
  fix: 'Give the ARG a default that makes a whole name.',
  bad: 'ARG TAG\nFROM busybox:${TAG}',
  good: 'ARG TAG=stable\nFROM busybox:${TAG}',
  *find({ stages }) {
    for (const { node, from, defaultBase } of stages) {
      if (defaultBase === undefined || isReference(defaultBase)) continue
      const message = `Default value for ARG ${from.image.text} results in empty or invalid base image name`
      yield { message, range: node.range, at: from.image.range }
    }
  },
}

function isReference(text: string): boolean {
  try {
    parseReference(text)
    return true
  } catch (error) {
    if (error instanceof StrakeError) return false
    throw error
  }
}

export const redundantTargetPlatform: RuleText = {
  name: 'RedundantTargetPlatform',
  level: 'warning',
  description: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  reason: 'It says what is so without it.',
  fix: 'Leave --platform out.',
  bad: 'FROM --platform=$TARGETPLATFORM alpine:3',
  good: 'FROM alpine:3',
  *find({ stages }) {
    for (const { node, from, platform } of stages) {
      if (!platform || platform.unset.length > 0) continue
      if (platform.set.length !== 1 || platform.set[0] !== 'TARGETPLATFORM') continue
      if (platform.text !== platform.target) continue
      const flag = node.flags.find(({ text }) => text.startsWith('--platform='))!
      const next = node.line.trimmed(flag.end, node.rest.end).start
      const whole = node.line.breaks(flag.start, next).length === 0
      const start = node.line.offset(flag.start)
      yield {
        message: `Setting platform to predefined ${from.platform!.text} in FROM is redundant as this is the default behavior`,
        range: node.range,
        at: tokenRange(node, flag),
        edits: whole ? [{ start, end: node.line.offset(next), text: '' }] : [],
      }
    }
  },
}

export const fromPlatformFlagConstDisallowed: RuleText = {
  name: 'FromPlatformFlagConstDisallowed',
  level: 'warning',
  description: 'FROM --platform flag should not use a constant value',
  reason: 'The stage is for one platform only, whatever platform the build is for.',
  fix: 'Leave it out, write $BUILDPLATFORM, or name the stage after the platform if that is meant.',
  bad: 'FROM --platform=linux/amd64 alpine:3 AS base',
  good: 'FROM --platform=$BUILDPLATFORM alpine:3 AS base',
  *find({ stages }) {
    for (const { stage, node, from, platform } of stages) {
      if (!platform || platform.set.length > 0 || platform.unset.length > 0) continue
      const parsed = parsePlatform(platform.text)
      if (!parsed || parsed.some((part) => stage.name?.includes(part))) continue
      const message = `FROM --platform flag should not use constant value ${JSON.stringify(platform.text)}`
      yield { message, range: node.range, at: from.platform?.range }
    }
  },
}

const systems =
  `aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows
  zos`.split(/\s+/)
const machines = `386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32
  mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm`.split(/\s+/)
const synonyms: Readonly<Record<string, string>> = {
  i386: '386',
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  armel: 'arm',
}

/** Operating system and machine, as containerd's platforms.Parse knows them. Undefined for what it does not accept. */
function parsePlatform(text: string): readonly string[] | undefined {
  const parts = text.split('/')
  if (parts.length > 4 || !parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) return undefined
  const [first = '', second] = parts.map((part) => part.toLowerCase())
  const machine = (name: string) => synonyms[name] ?? name
  if (second !== undefined) return [first === 'macos' ? 'darwin' : first, machine(second)]
  if (systems.includes(first)) return [first]
  return machines.includes(machine(first)) ? [machine(first)] : undefined
}
