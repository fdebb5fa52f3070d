import { StrakeError } from '../lib/mod.ts'
import { hostPlatform, type Platform } from './types.ts'

const systems = new Set(
  `aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows
  zos`.split(/\s+/),
)
const machines = new Set(
  `386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le
  ppc riscv riscv64 s390 s390x sparc sparc64 wasm`.split(/\s+/),
)

/** Other names of machines, and the variants that go without saying. */
const synonyms: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
}

/**
 * Reads a platform as containerd does: `os/architecture[/variant]`, or one of the two alone; names are brought into Go's
 * form (`x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`). Throws `invalid` in containerd's words.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/')
  const fail = (message: string) =>
    new StrakeError('invalid', message, { hint: 'Write it as linux/amd64, linux/arm64 or linux/arm/v7.' })
  const wrong = parts.length > 3 ? parts.slice(2).join('/') : parts.find((part) => !/^[A-Za-z0-9_.-]+$/.test(part))
  if (wrong !== undefined) {
    throw fail(`"${wrong}" is an invalid component of "${text}": it must match "^[A-Za-z0-9_.-]+$"`)
  }
  const [first = '', second, variant] = parts.map((part) => part.toLowerCase())
  if (second !== undefined) return machine(first === 'macos' ? 'darwin' : first, second, variant)
  if (systems.has(first)) return { ...hostPlatform, os: first }
  const found = machine(hostPlatform.os, first)
  if (machines.has(found.architecture)) return found
  throw fail(`"${text}": unknown operating system or architecture`)
}

function machine(os: string, name: string, given?: string): Platform {
  const [architecture, implied] = (Object.hasOwn(synonyms, name) && synonyms[name]) || [name]
  const variant = usualVariant(architecture, implied ?? given)
  return { os, architecture, ...(variant && { variant }) }
}

function usualVariant(architecture: string, variant: string | undefined): string | undefined {
  if (architecture === 'arm') {
    if (!variant) return 'v7'
    return /^\d$/.test(variant) ? `v${variant}` : variant
  }
  if (architecture === 'arm64' && /^v?8$/.test(variant ?? '')) return undefined
  if (architecture === 'amd64' && variant === 'v1') return undefined
  return variant
}

/** `os/architecture[/variant]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/')
}

/** Whether what is made for `has` is what `wanted` asks for: the variant counts where both name one. */
export function platformMatches(has: Platform, wanted: Platform): boolean {
  if (has.os !== wanted.os) return false
  const [own, asked] = [has, wanted].map((one) => machine(one.os, one.architecture, one.variant))
  if (own!.architecture !== asked!.architecture) return false
  return !has.variant || !wanted.variant || own!.variant === asked!.variant
}

/** What is for this machine, or else the first; undefined where there is none at all. */
export function forThisMachine<T>(all: readonly T[], platformOf: (one: T) => Platform | undefined): T | undefined {
  const fits = (one: T) => {
    const platform = platformOf(one)
    return platform !== undefined && platformMatches(platform, hostPlatform)
  }
  return all.find(fits) ?? all[0]
}
