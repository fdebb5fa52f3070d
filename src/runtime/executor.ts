import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { bindMount, mount, processIdentity, unmount } from '../host/mod.ts'
import { errno } from '../lib/mod.ts'
import { runAttended } from './attended.ts'
import { writeBundle } from './bundle.ts'
import { removeCgroup } from './cgroups.ts'
import { type Complaint, holdBackComplaint } from './complaints.ts'
import { startFailure } from './failures.ts'
import { launch } from './launcher.ts'
import { runDirectory } from './run-directory.ts'
import { enterRuntimeMounts, findRuntimeFor } from './runtimes.ts'
import type { ExecuteOptions, SpecOptions, StepOptions } from './types.ts'

let count = 0
let swept: Promise<void> | undefined

/**
 * Runs one process in a container to its end: a RUN step. Output comes as it is written; input is `stdin` or nothing.
 * Gives the exit code, 128 plus the signal's number where a signal ended it.
 *
 * Throws `failed` in docker's words (with its exit code: 125, 126 or 127) when the process can't be started, `cancelled` when the
 * signal fires. The container dies with this process, however that ends; a cgroup and a directory that it leaves are
 * taken away by the next call of any process.
 */
export async function execute(spec: StepOptions, io: ExecuteOptions): Promise<{ readonly exitCode: number }> {
  io.signal?.throwIfAborted()
  const runtime = findRuntimeFor(spec)
  const name = `${processIdentity(process.pid)}-${++count}`
  // Who removes it kills what is in it: no two steps may share one, be it of two stores, or of a process with this one's number.
  const cgroup = posix.join('/', spec.cgroupParent ?? '', 'strake', `step-${name}`)
  enterRuntimeMounts(runtime, cgroup)
  swept ??= sweepSteps()
  await swept
  const directory = join(stepsDirectory(), name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // Beside what follows, which others may not see.
  writeFileSync(join(directory, 'cgroup'), cgroup)
  const memory = inMemory(directory, (spec.secretEnv ?? []).length > 0)
  try {
    using network = adoptNetwork(spec.network, directory)
    writeBundle(directory, runtime, { ...spec, cgroup, network: network.network })
    let complaint: Complaint | undefined
    const exitCode = io.inherit
      ? await runAttended(runtime.path, directory, io.signal)
      : await launch({
          runtime: runtime.path,
          directory,
          stdin: io.stdin,
          signal: io.signal,
          onStart(stdout, stderr) {
            stdout.on('data', (chunk: Buffer) => io.onOutput('stdout', chunk))
            complaint = holdBackComplaint(stderr, (chunk) => io.onOutput('stderr', chunk))
          },
        })
    const said = [readLog(join(directory, 'log.json')), complaint?.text()].join('\n')
    const failure = startFailure(said, spec.args[0])
    if (failure) throw failure
    complaint?.release()
    return { exitCode }
  } finally {
    // After a kill there is all of it; crun leaves its part in v2 where that stands beside v1.
    await removeCgroup(cgroup)
    memory[Symbol.dispose]()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Ends steps of processes that are gone, and removes what they left. */
export async function sweepSteps(): Promise<void> {
  for (const name of readDirectory(stepsDirectory())) {
    const owner = name.slice(0, name.lastIndexOf('-'))
    if (processIdentity(Number.parseInt(owner, 10)) === owner) continue
    const directory = join(stepsDirectory(), name)
    try {
      const cgroup = readFileSync(join(directory, 'cgroup'), 'utf8')
      if (cgroup) await removeCgroup(cgroup)
    } catch (error) {
      // It was killed before the file was there: nothing was started.
      if (errno(error) !== 'ENOENT') throw error
    }
    rmSync(directory, { recursive: true, force: true })
  }
}

function stepsDirectory(): string {
  return join(runDirectory(), 'steps')
}

function readDirectory(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (errno(error) === 'ENOENT') return []
    throw error
  }
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errno(error) === 'ENOENT') return ''
    throw error
  }
}

/** With `wanted`, what is written into the directory from now on goes to no disk: variables may be secrets. */
function inMemory(directory: string, wanted: boolean): Disposable {
  if (wanted) mount('tmpfs', directory, 'tmpfs', 0, 'mode=0700')
  return {
    [Symbol.dispose]: () => {
      if (wanted) unmount(directory)
    },
  }
}

/** A path such as `/proc/PID/fd/N` means nothing in the runtime's own /proc: the namespace is bound into the bundle. */
function adoptNetwork(network: SpecOptions['network'], directory: string) {
  if (typeof network === 'string') return { network, [Symbol.dispose]: () => {} }
  const path = join(directory, 'network')
  writeFileSync(path, '')
  bindMount(network.path, path)
  return { network: { path }, [Symbol.dispose]: () => unmount(path) }
}
