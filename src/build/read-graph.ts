import { posix, resolve } from 'node:path'
import { bytesOf, StrakeError } from '../lib/mod.ts'
import type { ImageConfig } from '../oci/mod.ts'
import { openSource } from './context/open.ts'
import { openTree } from './context/tree.ts'
import type { Execution } from './execution.ts'
import type { Filesystem, LocalFiles } from './filesystem.ts'
import { quotedList, setEnv } from './frontend/stage.ts'
import type { Operation, Vertex } from './graph.ts'
import { type CopyOptions, copyFromContext, copyFromRoot, type LocalSource } from './operations/copy.ts'
import { removeOperation } from './operations/remove.ts'
import { runOperation } from './operations/run.ts'
import { workdirOperation } from './operations/workdir.ts'

/** An image at the bottom of a graph. */
export interface GraphBase {
  readonly config: ImageConfig
  readonly vertex: (id: string, name: string) => Vertex
}

export interface ReadGraph {
  readonly top: Vertex
  /** The image that it stands on; none where that is nothing. */
  readonly base: ImageConfig | undefined
  /** What makes its layers, the lowest first, without those of the base. */
  readonly layers: readonly Vertex[]
  /** Folders that are read. */
  readonly locals: readonly LocalSource[]
}

const defaultEnv = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']
const noFiles: LocalSource = { tree: openTree('/', 'no files'), origin: 'local://graph', statCache: undefined }

/** Turns a graph of file systems into vertices, one for each object and for each file system that a merge adds. */
export async function readGraph(
  execution: Execution,
  filesystem: Filesystem,
  findBase: (name: string) => Promise<GraphBase>,
): Promise<ReadGraph> {
  const known = new Map<Filesystem, Promise<Read>>()
  const locals = new Map<string, LocalSource>()
  const total = countSteps(filesystem)
  let count = 0

  type Read = Omit<ReadGraph, 'locals'>

  function read(node: Filesystem): Promise<Read> {
    let found = known.get(node)
    if (!found) {
      found = readNode(node)
      known.set(node, found)
    }
    return found
  }

  function next(text: string) {
    const index = ++count
    return { id: `v${index}`, name: `[${index}/${total}] ${text}`, step: { index, total, text } }
  }

  async function readNode(node: Filesystem): Promise<Read> {
    if (node.kind === 'scratch') {
      const top: Vertex = { kind: 'source', ...next('scratch'), snapshot: undefined, chainId: undefined }
      return { top, base: undefined, layers: [] }
    }
    if (node.kind === 'image') {
      const { config, vertex } = await findBase(node.name)
      const shown = next(`image ${node.name}`)
      return { top: { ...vertex(shown.id, shown.name), step: shown.step }, base: config, layers: [] }
    }
    const below = await read(node.on)
    if (node.kind === 'merge') {
      let result = below
      for (const other of node.others) {
        const from = (await read(other)).top
        const shown = next('merge')
        const operation = copyFromRoot('a merged file system', ['.'], { destination: '/', vertex: shown.id })
        result = add(result, shown, { operation, from })
      }
      return result
    }
    const from = node.kind === 'copy' && node.from.kind !== 'local' ? (await read(node.from)).top : undefined
    const shown = next(textOf(node))
    return add(below, shown, { operation: operationOf(node, { id: shown.id, below }), from })
  }

  function add(
    below: Read,
    shown: ReturnType<typeof next>,
    { operation, from }: { operation: Operation; from?: Vertex | undefined },
  ): Read {
    const top: Vertex = { kind: 'operation', ...shown, operation, inputs: from ? [below.top, from] : [below.top] }
    return { ...below, top, layers: [...below.layers, top] }
  }

  function operationOf(node: Step, { id, below }: { id: string; below: Read }): Operation {
    switch (node.kind) {
      case 'run': {
        const { command, env = {}, cwd = '/', user = '', network = 'default' } = node
        const variables = Object.entries(env).reduce(
          (all, [name, value]) => setEnv(all, name, value),
          below.base?.config?.Env ?? defaultEnv,
        )
        return runOperation({
          args: typeof command === 'string' ? ['/bin/sh', '-c', command] : command,
          env: variables.some((pair) => pair.startsWith('PATH=')) ? variables : [...defaultEnv, ...variables],
          argNames: new Set(),
          hiddenEnv: [],
          cwd,
          user,
          hostname: 'buildkitsandbox',
          epoch: undefined,
          network,
          addHosts: [],
          scripts: {},
          mounts: [],
          security: 'sandbox',
          devices: [],
          ulimits: [],
          cgroupParent: undefined,
          original: textOf(node),
          command: typeof command === 'string' ? command : command.join(' '),
          range: undefined,
          vertex: id,
        })
      }
      case 'copy': {
        const { from, sources = ['.'], to } = node
        const options: CopyOptions = { destination: absolute(to), ...ownerOf(node), vertex: id }
        return from.kind === 'local'
          ? copyFromContext(openLocal(from), sources, options)
          : copyFromRoot('another file system', sources, options)
      }
      case 'write-file': {
        const path = absolute(node.path)
        const heredocs = [{ name: bytesOf(posix.basename(path)), bytes: Buffer.from(node.content) }]
        return copyFromContext(noFiles, [], { destination: path, heredocs, ...ownerOf(node), vertex: id })
      }
      case 'make-directory':
        return workdirOperation(absolute(node.path), { user: node.user, created: undefined, epoch: undefined })
      case 'remove':
        return removeOperation(absolute(node.path))
    }
  }

  function openLocal({ path }: LocalFiles): LocalSource {
    const root = resolve(path)
    let source = locals.get(root)
    if (!source) {
      source = openSource(execution, root, { inPlace: true, name: path })
      locals.set(root, source)
    }
    return source
  }

  const result = await read(filesystem)
  return { ...result, locals: [...locals.values()] }
}

type Step = Exclude<Filesystem, { kind: 'image' | 'scratch' | 'merge' }>

function ownerOf({ chown, chmod }: { chown?: string; chmod?: string }) {
  return { ...(chown !== undefined && { chown }), ...(chmod !== undefined && { chmod }) }
}

function absolute(path: string): string {
  if (path.startsWith('/')) return path
  throw new StrakeError('invalid', `${JSON.stringify(path)} is not an absolute path`)
}

/** As it stands in the image's history. */
function textOf(node: Step): string {
  switch (node.kind) {
    case 'run':
      return `run ${typeof node.command === 'string' ? node.command : quotedList(node.command)}`
    case 'copy':
      return `copy ${(node.sources ?? ['.']).join(' ')} ${node.to}`
    default:
      return `${node.kind} ${node.path}`
  }
}

function countSteps(top: Filesystem): number {
  const seen = new Set<Filesystem>()
  let count = 0
  const visit = (node: Filesystem) => {
    if (seen.has(node)) return
    seen.add(node)
    count += node.kind === 'merge' ? node.others.length : 1
    if ('on' in node) visit(node.on)
    if (node.kind === 'copy' && node.from.kind !== 'local') visit(node.from)
    if (node.kind === 'merge') for (const other of node.others) visit(other)
  }
  visit(top)
  return count
}
