import { existsSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import { StrakeError } from '../lib/mod.ts'
import { randomId } from './random-id.ts'
import type { ContainerMount } from './types.ts'

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/**
 * One `--volume`: `[SOURCE:]TARGET[:OPTIONS]`. A source with a slash is a path of the host (a relative one is taken from the
 * working directory), another one names a volume, none makes an anonymous one. Throws `invalid` in docker's words.
 */
export function parseVolume(text: string): ContainerMount {
  const parts = text.split(':')
  if (parts.length > 3 || parts.some((part) => part === '')) throw badVolume(text, '')
  const [source, given, options = ''] = parts.length === 1 ? [undefined, parts[0]!] : parts
  const target = absoluteTarget(given!, text)
  let readonly = false
  let copy = true
  for (const option of options.split(',').filter(Boolean)) {
    if (option === 'ro' || option === 'readonly') readonly = true
    else if (option === 'nocopy') copy = false
    // Labels for SELinux, propagation and consistency are accepted: they change nothing here.
    else if (!/^(rw|z|Z|cached|delegated|consistent|r?private|copy)$/.test(option)) {
      throw new StrakeError('invalid', `invalid mode: ${options}`, { hint: 'Use ro or rw.' })
    }
  }
  if (source === undefined) return anonymousVolume(target)
  if (source.includes('/') || source === '.' || source === '..') {
    return { kind: 'bind', source: resolve(source), target, readonly }
  }
  return { kind: 'volume', name: checkVolumeName(source), target, readonly, anonymous: false, copy }
}

/** A volume that belongs to one container. */
export function anonymousVolume(target: string, { readonly = false, copy = true } = {}): ContainerMount {
  return { kind: 'volume', name: randomId(), target, readonly, anonymous: true, copy }
}

/** One `--mount`: `type=bind,source=/src,target=/dst,readonly`. Throws `invalid`. */
export function parseMount(text: string): ContainerMount {
  const fields = new Map<string, string>()
  for (const field of text.split(',')) {
    const equals = field.indexOf('=')
    const name = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase()
    const known = aliases[name]
    if (!known) throw new StrakeError('invalid', `unknown field "${name}" in "${text}" of --mount`)
    fields.set(known, equals < 0 ? 'true' : field.slice(equals + 1))
  }
  const type = fields.get('type') ?? 'volume'
  const source = fields.get('source')
  const given = fields.get('target')
  if (!given) throw new StrakeError('invalid', `invalid --mount "${text}": target is required`)
  const target = absoluteTarget(given, text)
  const readonly = isTrue(fields.get('readonly'))
  if (type === 'bind') {
    if (!source) throw new StrakeError('invalid', `invalid --mount "${text}": type=bind needs a source`)
    // As in docker, --volume makes a folder that is not there, and --mount does not.
    if (!existsSync(source)) {
      const message = `invalid mount config for type "bind": bind source path does not exist: ${source}`
      throw new StrakeError('invalid', message, { hint: `Make it first: mkdir -p ${source}` })
    }
    return { kind: 'bind', source: resolve(source), target, readonly }
  }
  if (type === 'volume') {
    const copy = !isTrue(fields.get('nocopy'))
    if (!source) return anonymousVolume(target, { readonly, copy })
    return { kind: 'volume', name: checkVolumeName(source), target, readonly, anonymous: false, copy }
  }
  if (type === 'tmpfs') {
    if (source) throw new StrakeError('invalid', `invalid --mount "${text}": type=tmpfs takes no source`)
    const options = [
      ...(fields.has('size') ? [`size=${fields.get('size')}`] : []),
      ...(fields.has('mode') ? [`mode=${fields.get('mode')}`] : []),
      ...(readonly ? ['ro'] : []),
    ]
    return tmpfs(target, options)
  }
  throw new StrakeError('invalid', `mount type "${type}" unknown`, { hint: 'It is bind, volume or tmpfs.' })
}

const aliases: Record<string, string> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  destination: 'target',
  dst: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'volume-nocopy': 'nocopy',
  'tmpfs-size': 'size',
  'tmpfs-mode': 'mode',
  'bind-propagation': 'propagation',
  consistency: 'consistency',
}

/** One `--tmpfs`: `TARGET[:OPTIONS]`, options as mount(8) takes them. Throws `invalid`. */
export function parseTmpfs(text: string): ContainerMount {
  const colon = text.indexOf(':')
  const target = absoluteTarget(colon < 0 ? text : text.slice(0, colon), text)
  const options = colon < 0 ? [] : text.slice(colon + 1).split(',')
  const known =
    /^(size|nr_blocks|nr_inodes|mode|uid|gid)=[\w%]+$|^(rw|ro|(no)?(exec|suid|dev|atime|diratime)|relatime|strictatime|a?sync|dirsync)$/
  const bad = options.find((option) => !known.test(option))
  if (bad !== undefined) throw new StrakeError('invalid', `invalid tmpfs option "${bad}" in ${text}`)
  return tmpfs(target, options)
}

function tmpfs(target: string, options: readonly string[]): ContainerMount {
  return { kind: 'tmpfs', target, options }
}

function isTrue(text: string | undefined): boolean {
  return text === 'true' || text === '1'
}

function absoluteTarget(target: string, text: string): string {
  if (!target.startsWith('/')) throw badVolume(text, `: '${target}' must be an absolute path`)
  const path = posix.normalize(target).replace(/(.)\/$/, '$1')
  if (path === '/') throw badVolume(text, ": destination can't be '/'")
  return path
}

function badVolume(text: string, why: string): StrakeError {
  return new StrakeError('invalid', `invalid volume specification: '${text}'${why}`, {
    hint: 'Write it as /host/path:/container/path, or name:/container/path for a volume; :ro makes it read-only.',
  })
}

/** Throws `invalid` in docker's words. */
export function checkVolumeName(name: string): string {
  if (volumeName.test(name)) return name
  const message = `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`
  throw new StrakeError('invalid', message, { hint: 'If you mean a folder of the host, write its absolute path.' })
}
