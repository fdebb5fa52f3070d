import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../runtime/mod.ts'
import { resolveLimits } from './limits.ts'

const m = 1024 * 1024

test('limits are what is asked for, without what is none', () => {
  assert.deepEqual(resolveLimits({}), {})
  assert.deepEqual(resolveLimits({ memory: 0, cpus: 0, cpuShares: 0, cpuQuota: 0, cpusetCpus: '' }), {})
  const all = { memory: 64 * m, memorySwap: -1, memoryReservation: 32 * m, cpuShares: 512, cpuQuota: 50_000 }
  const more = { cpuPeriod: 100_000, cpusetCpus: '0', cpusetMems: '0-0', pidsLimit: -1 }
  assert.deepEqual(resolveLimits({ ...all, ...more }), { ...all, ...more })
  assert.deepEqual(resolveLimits({ cpus: 0.5 }), { cpus: 0.5 })
})

test('what can not be is refused in docker’s words', () => {
  const cases: [Limits, RegExp][] = [
    [{ memory: 4 * m }, /^Minimum memory limit allowed is 6MB$/],
    [{ memorySwap: 100 * m }, /^You should always set the Memory limit when using Memoryswap limit$/],
    [{ memory: 50 * m, memorySwap: 40 * m }, /^Minimum memoryswap limit should be larger than memory limit$/],
    [{ memoryReservation: m }, /^Minimum memory reservation allowed is 6MB$/],
    [{ memory: 50 * m, memoryReservation: 60 * m }, /^Minimum memory limit can not be less than memory reservation/],
    [{ cpus: -1 }, /^range of CPUs is from 0\.01 to/],
    [{ cpus: 0.001 }, /^range of CPUs is from 0\.01 to/],
    [{ cpus: 100_000 }, /^range of CPUs is from 0\.01 to/],
    [{ cpus: 1, cpuQuota: 5000 }, /^Conflicting options: Nano CPUs and CPU Quota cannot both be set$/],
    [{ cpus: 1, cpuPeriod: 5000 }, /^Conflicting options: Nano CPUs and CPU Period cannot both be set$/],
    [{ cpuQuota: 5 }, /^CPU cfs quota can not be less than 1ms/],
    [{ cpuPeriod: 5 }, /^CPU cfs period can not be less than 1ms/],
    [{ cpuShares: -1 }, /^invalid CPU shares \(-1\)/],
    [{ cpuShares: 1 }, /^the minimum allowed cpu-shares is 2$/],
    [{ cpusetCpus: 'x' }, /^Invalid value x for cpuset cpus: invalid format: x$/],
    [{ cpusetCpus: '9000' }, /^Requested CPUs are not available - requested 9000, available: 0/],
    [{ cpusetMems: '900' }, /^Requested memory nodes are not available - requested 900, available: 0/],
  ]
  for (const [asked, message] of cases) assert.throws(() => resolveLimits(asked), { code: 'invalid', message })
})
