import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { StrakeError } from '../lib/mod.ts'
import type { Limits } from '../runtime/mod.ts'

const smallest = 6 * 1024 * 1024

/** What is asked for, checked by docker's rules; 0 is no limit. Throws `invalid` in docker's words. */
export function resolveLimits(asked: Limits): Limits {
  const memory = asked.memory || undefined
  const memorySwap = asked.memorySwap || undefined
  const memoryReservation = asked.memoryReservation || undefined
  if (memory !== undefined && memory < smallest) refuse('Minimum memory limit allowed is 6MB')
  if (memorySwap !== undefined && memorySwap > 0) {
    if (memory === undefined) refuse('You should always set the Memory limit when using Memoryswap limit')
    if (memorySwap < memory) refuse('Minimum memoryswap limit should be larger than memory limit')
  }
  if (memoryReservation !== undefined) {
    if (memoryReservation < smallest) refuse('Minimum memory reservation allowed is 6MB')
    if (memory !== undefined && memory < memoryReservation) {
      refuse('Minimum memory limit can not be less than memory reservation limit')
    }
  }
  const { cpusetCpus, cpusetMems } = asked
  if (cpusetCpus) checkSet(cpusetCpus, 'cpuset cpus', { what: 'CPUs', online: '/sys/devices/system/cpu/online' })
  if (cpusetMems)
    checkSet(cpusetMems, 'cpuset mems', { what: 'memory nodes', online: '/sys/devices/system/node/online' })
  const { pidsLimit } = asked
  return given({ memory, memorySwap, memoryReservation, ...processors(asked), cpusetCpus, cpusetMems, pidsLimit })
}

function processors(asked: Limits): Limits {
  const [count, shares, quota, period] = [asked.cpus, asked.cpuShares, asked.cpuQuota, asked.cpuPeriod].map(
    (value) => value || undefined,
  )
  if (count !== undefined) {
    const all = cpus().length
    if (!(count >= 0.01 && count <= all)) {
      refuse(`range of CPUs is from 0.01 to ${all.toFixed(2)}, as there are only ${all} CPUs available`)
    }
    if (period !== undefined) refuse('Conflicting options: Nano CPUs and CPU Period cannot both be set')
    if (quota !== undefined) refuse('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  }
  if (shares !== undefined && shares < 0) refuse(`invalid CPU shares (${shares}): value must be a positive integer`)
  if (shares !== undefined && shares < 2) refuse('the minimum allowed cpu-shares is 2')
  if (period !== undefined && !(period >= 1000 && period <= 1_000_000)) {
    refuse('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)')
  }
  if (quota !== undefined && quota > 0 && quota < 1000) refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  return { cpus: count, cpuShares: shares, cpuQuota: quota, cpuPeriod: period }
}

/** `0-2,5`, all of which this machine must have. */
function checkSet(text: string, name: string, { what, online }: { what: string; online: string }): void {
  const wanted = members(text)
  if (!wanted) refuse(`Invalid value ${text} for ${name}: invalid format: ${text}`)
  const available = readFileSync(online, 'latin1').trim()
  const known = new Set(members(available))
  if (wanted.some((number) => !known.has(number))) {
    refuse(`Requested ${what} are not available - requested ${text}, available: ${available}`)
  }
}

function members(text: string): number[] | undefined {
  if (!/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(text)) return undefined
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
  })
}

function refuse(message: string): never {
  throw new StrakeError('invalid', message, { exitCode: 125 })
}

function given(limits: Limits): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined && value !== ''))
}
