import { posix } from 'node:path'
import { expand, type RunInstruction, type RunMount, runMounts, type Word } from '../../dockerfile/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import type { Vertex } from '../graph.ts'
import { mountedFiles, mountedName } from '../operations/mount-source.ts'
import type { MountInput, StepMount } from '../operations/step-mounts.ts'
import { environment } from './instructions.ts'
import { mountedStage } from './plan.ts'
import type { Reading } from './read-stage.ts'

/** The mounts of a RUN, and what they read: inputs of its vertex, after the first one. */
export interface ReadMounts {
  readonly mounts: readonly StepMount[]
  readonly inputs: readonly Vertex[]
}

/** Reads the mounts with the variables and the working directory of the stage. Throws `invalid`, `not_found`. */
export async function readMounts(reading: Reading, instruction: RunInstruction, id: string): Promise<ReadMounts> {
  const { evaluation } = reading
  const expandOption = (word: Word) => expand(word, environment(evaluation), evaluation.escape)
  const inputs: Vertex[] = []
  // The stage itself is input 0.
  const add = (vertex: Vertex) => inputs.push(vertex)
  const mounts: StepMount[] = []
  let sshCount = 0
  for (const mount of runMounts(instruction, expandOption)) {
    const { range, readonly, size, required, uid = 0, gid = 0 } = mount
    const target = () => mountTarget(mount, evaluation.stage.config.WorkingDir || '/')
    switch (mount.type) {
      case 'bind': {
        const place = target()
        mounts.push({
          kind: 'bind',
          target: place,
          from: await mountInput(reading, mount, { id, add }),
          readonly,
          range,
        })
        break
      }
      case 'cache': {
        const { sharing, mode } = mount
        const namespace = evaluation.buildArgs.BUILDKIT_CACHE_MOUNT_NS
        const own = mount.id || posix.normalize(mount.target || '.').replace(/(.)\/+$/, '$1')
        const name = namespace ? `${namespace}/${own}` : own
        const options = { target: target(), readonly, name, sharing, mode, uid: mount.uid, gid: mount.gid, range }
        const filled = mount.from || posix.join('/', mount.source?.text ?? '') !== '/'
        const from = filled ? await mountInput(reading, mount, { id, add }) : undefined
        mounts.push({ kind: 'cache', ...options, from })
        break
      }
      case 'tmpfs':
        mounts.push({ kind: 'tmpfs', target: target(), readonly, size, range })
        break
      case 'secret': {
        const name = mount.source?.text || mount.id || posix.basename(mount.target)
        const fallback = mount.env === undefined ? `/run/secrets/${posix.basename(name)}` : undefined
        const place = mount.target ? target() : fallback
        if (mount.env !== undefined && !/^[^=\0]+$/.test(mount.env)) {
          const name = JSON.stringify(mount.env)
          throw new StrakeError('invalid', `invalid environment variable: ${name} can't be the name of one`, { range })
        }
        const handed = { id: name, required, mode: mount.mode ?? 0o400, uid, gid }
        mounts.push({ kind: 'secret', target: place, env: mount.env, ...handed, range })
        break
      }
      case 'ssh': {
        const handed = { id: mount.id || 'default', required, mode: mount.mode ?? 0o600, uid, gid }
        const place = mount.target ? target() : `/run/buildkit/ssh_agent.${sshCount}`
        mounts.push({ kind: 'ssh', target: place, ...handed, range })
        sshCount++
      }
    }
  }
  return { mounts, inputs }
}

function mountTarget({ target, range }: RunMount, workdir: string): string {
  const path = posix.resolve('/', posix.normalize(target || '.').startsWith('/') ? '' : workdir, target)
  if (target !== '' && path !== '/') return path
  throw new StrakeError('invalid', `invalid mount target "${target === '' ? '/' : path}"`, {
    range,
    hint: 'Say where it is to be mounted: target=/PATH',
  })
}

interface Adding {
  /** Of the step's vertex. */
  readonly id: string
  readonly add: (vertex: Vertex) => number
}

/** What the mount reads, as an input of the step: a stage, an image, or a path of a context. */
async function mountInput({ reader, parsed }: Reading, mount: RunMount, { id, add }: Adding): Promise<MountInput> {
  const path = posix.join('/', mount.source?.text ?? '')
  const from = mount.from?.text
  const range = mount.source?.range ?? mount.range
  const inside = (content: MountInput['content'], vertex: Vertex) => ({ input: add(vertex), path, content })
  const own = `${id}-mount-${mount.range.start.line}-${mount.range.start.column}`
  const nothing: Vertex = {
    kind: 'source',
    id: `${own}-nothing`,
    name: 'scratch',
    step: undefined,
    snapshot: undefined,
    chainId: undefined,
  }
  const files = (source: Parameters<typeof mountedFiles>[0], name: string): MountInput => {
    const vertex: Vertex = {
      kind: 'operation',
      id: own,
      name: `[${name}] ${path}`,
      step: undefined,
      range,
      operation: mountedFiles(source, path, { vertex: own, range }),
      inputs: [nothing],
    }
    return { input: add(vertex), path: `/${mountedName}`, content: 'key' }
  }
  if (mount.type === 'cache' && !from) return inside('chain', nothing)
  if (!mount.from || !from) return files(reader.sources.context, 'context')
  const stage = mountedStage(reader.dockerfile, from, parsed.index)
  if (stage) return inside('files', (await reader.stage(stage)).top)
  const later = reader.dockerfile.stages.some(({ name }) => name === from.toLowerCase())
  if (later) {
    const message = `cannot mount from stage "${from}" to "${mount.target}", stage needs to be defined before current command`
    throw new StrakeError('invalid', message, { range: mount.from.range, hint: 'Move that stage above this one.' })
  }
  if (from === 'scratch') return inside('chain', nothing)
  const base = await reader.sources.base(from, mount.from.range, reader.platform)
  if (base.kind === 'directory') return files(base.source, `context ${from}`)
  return inside(path === '/' ? 'chain' : 'files', base.vertex(own, `FROM ${from}`))
}
