import { StrakeError } from '../../../lib/mod.ts'
import { formatPlatform, type Platform, parsePlatform, parseReference } from '../../../oci/mod.ts'
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
      const { os, architecture } = parsed(platform.text) ?? {}
      if (!os || !architecture || stage.name?.includes(os) || stage.name?.includes(architecture)) continue
      const message = `FROM --platform flag should not use constant value ${JSON.stringify(platform.text)}`
      yield { message, range: node.range, at: from.platform?.range }
    }
  },
}

export const invalidBaseImagePlatform: RuleText = {
  name: 'InvalidBaseImagePlatform',
  level: 'warning',
  description: 'Base image platform does not match expected target platform',
  reason: "The base's programs don't run where the image is meant to run, or not without emulation.",
  fix: 'Take a base for that platform, or say with --platform which one is meant.',
  bad: 'FROM s390x/alpine:3',
  good: 'FROM alpine:3',
  *find({ stages, platform: target }) {
    for (const { node, from, base, facts, platform } of stages) {
      const actual = facts?.platform
      if (!actual) continue
      const expected = platform ? parsed(platform.text) : target
      if (!expected || (expected.os === actual.os && expected.architecture === actual.architecture)) continue
      const message = `Base image ${base} was pulled with platform "${formatPlatform(actual)}", expected "${formatPlatform(expected)}" for current build`
      yield { message, range: node.range, at: from.image.range }
    }
  },
}

function parsed(text: string): Platform | undefined {
  try {
    return parsePlatform(text)
  } catch (error) {
    if (error instanceof StrakeError) return undefined
    throw error
  }
}
