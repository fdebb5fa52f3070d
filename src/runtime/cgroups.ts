import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errno } from '../lib/mod.ts'

const mountPoint = '/sys/fs/cgroup'

/** The directories of a cgroup: one on cgroup v2, one of each hierarchy on v1. Those that exist. */
export function cgroupDirectories(cgroup: string): string[] {
  if (!existsSync(mountPoint)) return []
  const hierarchies = existsSync(join(mountPoint, 'cgroup.controllers'))
    ? [mountPoint]
    : readdirSync(mountPoint).map((name) => join(mountPoint, name))
  return hierarchies.map((hierarchy) => join(hierarchy, cgroup)).filter((path) => existsSync(path))
}

/** Kills every process of a cgroup and removes it, with the cgroups in it. Waits up to two seconds for the processes. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const deadline = Date.now() + 2000
  for (;;) {
    const busy = cgroupDirectories(cgroup).filter((path) => !remove(path))
    if (!busy.length || Date.now() > deadline) return
    await sleep(5)
  }
}

/** False while there are still processes in it. */
function remove(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !remove(join(path, entry.name))) return false
    }
    for (const pid of readFileSync(join(path, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean)) kill(Number(pid))
    rmdirSync(path)
  } catch (error) {
    if (errno(error) === 'EBUSY') return false
    // Somebody else removes it, too.
    if (errno(error) !== 'ENOENT' && errno(error) !== 'ENODEV') throw error
  }
  return true
}

function kill(pid: number): void {
  try {
    // 0 stands for a process of another pid namespace: as a target it would mean our own process group.
    if (pid > 0) process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (errno(error) !== 'ESRCH') throw error
  }
}
