import type { Images } from '../images/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import { type ContainerConfig, hostPlatform, type ImageConfig, parseReference, referenceString } from '../oci/mod.ts'
import type { Store } from '../store/mod.ts'
import { keyOf } from './cache.ts'
import { openTree } from './context/tree.ts'
import type { Filesystem } from './filesystem.ts'
import { finishConfig } from './frontend/stage.ts'
import { readGraph } from './read-graph.ts'
import { inSession } from './session.ts'
import { createSources } from './sources.ts'
import type { BuildResult, GraphOptions } from './types.ts'

/** Builds an image of a graph, with the configuration of its base and what `config` sets, and names it. */
export async function buildGraph(
  store: Store,
  images: Images,
  { filesystem, options }: { readonly filesystem: Filesystem; readonly options: GraphOptions },
): Promise<BuildResult> {
  const { name = 'graph', buildContexts } = options
  const tags = (options.tags ?? []).map(parseReference)
  const subject = {
    name,
    context: '-',
    file: '-',
    targets: [],
    tags: options.tags ?? [],
    project: keyOf('graph', name),
  }
  return inSession({ store, images }, { subject, options }, async ({ execution, solver: open }) => {
    const sources = createSources(execution, images, {
      context: { tree: openTree('/', 'no files'), origin: 'local://graph', statCache: undefined },
      options: { context: { kind: 'empty' }, ...(buildContexts && { buildContexts }) },
    })
    const read = await readGraph(execution, filesystem, async (image) => {
      const base = await sources.base(image, undefined, hostPlatform)
      if (base.kind === 'image') return base
      throw new StrakeError('invalid', `${image} is a folder here, not an image`, { hint: 'Copy from local(…).' })
    })
    try {
      const solver = open([read.top])
      const { snapshot, chainId } = await solver.solve(read.top)
      await chainId()
      await solver.settled()
      const own = read.layers.map(async (vertex) => {
        const created = new Date((await solver.solve(vertex)).createdAt).toISOString()
        return { created, created_by: vertex.step?.text ?? vertex.name, comment: 'strake.graph' }
      })
      const history = [...(read.base?.history ?? []), ...(await Promise.all(own))]
      const config = imageConfig(read.base, { history, config: options.config ?? {} })
      const image = images.create({ config, snapshot }, execution.lease)
      for (const tag of tags) images.tag(image, tag)
      const exported = [{ manifest: image.manifest, names: tags.map(referenceString), pushed: false }]
      return {
        id: image.id,
        images: [{ target: undefined, platform: { os: image.os, architecture: image.architecture }, id: image.id }],
        kept: true,
        exported,
        ...solver.counts,
      }
    } finally {
      for (const { statCache } of read.locals) statCache?.save()
    }
  })
}

function imageConfig(
  base: ImageConfig | undefined,
  { history, config }: { history: NonNullable<ImageConfig['history']>; config: ContainerConfig },
): Omit<ImageConfig, 'rootfs'> {
  const { architecture, os, variant } = base ?? hostPlatform
  const labels = { ...base?.config?.Labels, ...config.Labels }
  return {
    created: history.at(-1)?.created ?? new Date().toISOString(),
    architecture,
    os,
    ...(variant && { variant }),
    config: finishConfig({ ...base?.config, ...config, Labels: labels }),
    history,
  }
}
