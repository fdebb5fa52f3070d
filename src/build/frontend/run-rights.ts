import { type RunDevice, type RunInstruction, readDevice } from '../../dockerfile/mod.ts'
import { nearest, type SourceRange, StrakeError } from '../../lib/mod.ts'
import type { BuildOptions } from '../types.ts'
import { flag } from './flags.ts'

/** What a step may do beyond its own files. */
export interface RunRights {
  readonly network: 'default' | 'host' | 'none'
  readonly security: 'sandbox' | 'insecure'
  readonly devices: readonly RunDevice[]
}

const entitlements = ['network.host', 'security.insecure', 'device']

/** Checks the names that a build allows. Throws `invalid` in docker's words. */
export function checkAllowed(allow: readonly string[] = []): void {
  for (const name of allow) {
    if (entitlements.includes(name) || /^device=./.test(name)) continue
    const near = nearest(name, entitlements)
    throw new StrakeError('invalid', `unknown entitlement ${name}`, {
      hint: near ? `Did you mean ${near}?` : `It is one of ${entitlements.join(', ')}.`,
    })
  }
}

/** `--network`, `--security` and `--device`. Throws `denied` for what the build does not allow. */
export function readRights(instruction: RunInstruction, { network: given, allow = [] }: BuildOptions): RunRights {
  const refuse = (message: string, name: string, range: SourceRange | undefined) =>
    new StrakeError('denied', message, { range, hint: `If you trust this Dockerfile, allow it: --allow ${name}` })
  const rangeOf = (name: string) => instruction.flags.find((candidate) => candidate.name === name)?.range
  const network = (flag(instruction, 'network') ?? given ?? 'default') as RunRights['network']
  if (network === 'host' && given !== 'host' && !allow.includes('network.host')) {
    throw refuse('network.host is not allowed', 'network.host', rangeOf('network'))
  }
  const security = (flag(instruction, 'security') ?? 'sandbox') as RunRights['security']
  if (security === 'insecure' && !allow.includes('security.insecure')) {
    throw refuse('security.insecure is not allowed', 'security.insecure', rangeOf('security'))
  }
  const devices = instruction.flags
    .filter(({ name }) => name === 'device')
    .map(({ fields = [], range }) => readDevice(fields, range))
  for (const { name, range } of devices) {
    if (!isAllowed(name, allow)) throw refuse(`device ${name} is not allowed`, `device=${name}`, range)
  }
  return { network, security, devices }
}

/** By its name, by its kind (`vendor.com/class`), or all of them. */
function isAllowed(device: string, allow: readonly string[]): boolean {
  return allow.some(
    (name) => name === 'device' || name === `device=${device}` || name === `device=${device.split('=')[0]}`,
  )
}
