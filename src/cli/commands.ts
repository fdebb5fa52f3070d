import { existsSync } from 'node:fs'
import { common } from './verbs/common.ts'
import { containers } from './verbs/containers.ts'
import { dockerfile } from './verbs/dockerfile.ts'
import type { Entry } from './verbs/entry.ts'
import { hub } from './verbs/hub.ts'
import { images } from './verbs/images.ts'
import { system } from './verbs/system.ts'

export type { Entry } from './verbs/entry.ts'

/** All verbs. Nothing is loaded to read this table; that keeps `strake --help` and the way to every verb short. */
export const entries: readonly Entry[] = [...common, ...images, ...containers, ...dockerfile, ...hub, ...system]

/** What the words of a command line mean. */
export type Found =
  | { readonly kind: 'verb'; readonly entry: Entry; readonly name: string; readonly args: readonly string[] }
  /** Words such as `image` or `hub user` that only begin a name; the rest is what follows. */
  | { readonly kind: 'group'; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly name: string }

/** Words of the longest name: `hub user add`. */
const longestName = 3

/** Finds the verb at the start of `words`. */
export function find(words: readonly string[]): Found {
  const isPath = isPathOfBuild(words)
  for (let length = isPath ? 1 : Math.min(words.length, longestName); length > 0; length--) {
    const group = words.slice(0, length + 1).join(' ')
    // `build history`, though `build` alone is a verb.
    if (length === 1 && !isPath && words.length > 1 && members(group).length > 0)
      return { kind: 'group', name: group, rest: words.slice(2) }
    const name = words.slice(0, length).join(' ')
    for (const entry of entries) {
      if (entry.name === name) return { kind: 'verb', entry, name, args: words.slice(length) }
      for (const alias of entry.aliases ?? []) {
        if (aliasName(alias) !== name) continue
        return { kind: 'verb', entry, name, args: [...presets(alias), ...words.slice(length)] }
      }
    }
  }
  for (let length = Math.min(words.length, longestName - 1); length > 0; length--) {
    const name = words.slice(0, length).join(' ')
    if (members(name).length > 0) return { kind: 'group', name, rest: words.slice(length) }
  }
  return { kind: 'unknown', name: words[0] ?? '' }
}

/**
 * `build explain` and `build history` may be verbs of ours, or docker's `build PATH` with a folder of that name. The folder wins
 * where there is one; but with a second word after it (`build history ls`) it can't be meant, since docker refuses that.
 */
function isPathOfBuild([first, second, third]: readonly string[]): boolean {
  if (first !== 'build' || (second !== 'explain' && second !== 'history')) return false
  return (third === undefined || third.startsWith('-')) && existsSync(second)
}

/** The verbs of a group that people call, by the names they have in it: `prune` and `ls` of `image`. */
export function members(group: string): { readonly name: string; readonly summary: string }[] {
  const found: { name: string; summary: string }[] = []
  for (const entry of entries) {
    if (!entry.group) continue
    const name = [entry.name, ...names(entry)].find((name) => name.startsWith(`${group} `))
    if (name) found.push({ name: name.slice(group.length + 1), summary: entry.summary })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The other names of a verb. */
export function names(entry: Entry): string[] {
  return (entry.aliases ?? []).map(aliasName)
}

function aliasName(alias: string): string {
  return alias.replace(/ --.*/, '')
}

function presets(alias: string): string[] {
  return alias.split(' ').filter((word) => word.startsWith('--'))
}
