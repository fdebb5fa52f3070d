import { type Container, currentContainer, listContainers, portsText, publishedPorts } from '../containers/mod.ts'
import { StrakeError, since } from '../lib/mod.ts'
import { hex } from '../oci/mod.ts'
import { treeSize } from '../store/mod.ts'
import type { Engine } from './engine.ts'
import { type Filters, matchesLabels, parseFilters } from './filters.ts'

export interface PsOptions {
  /** Those that do not run, too. */
  readonly all?: boolean | undefined
  /** So many of the newest, whatever their state. */
  readonly last?: number | undefined
  /** `status=`, `name=`, `id=`, `label=`, `ancestor=`, `exited=`, `before=`, `since=`, `volume=`, `network=`, `publish=`. */
  readonly filters?: readonly string[] | undefined
}

const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']
const keys = 'ancestor before exited expose id label name network publish since status volume'.split(' ')

/** The containers of the store as they are now, the newest first. Throws `invalid` for a filter that is none. */
export async function ps(engine: Engine, options: PsOptions = {}): Promise<Container[]> {
  const filters = parseFilters(options.filters ?? [], keys)
  const matches = await containerFilter(engine, filters)
  const all = options.all || options.last !== undefined || filters.has('status') || filters.has('exited')
  const found = (await listContainers(engine)).filter(
    (container) => (all || container.state.kind === 'running') && matches(container),
  )
  return options.last === undefined ? found : found.slice(0, options.last)
}

async function containerFilter(engine: Engine, filters: Filters): Promise<(container: Container) => boolean> {
  const times = async (key: string) =>
    await Promise.all((filters.get(key) ?? []).map(async (name) => (await currentContainer(engine, name)).createdAt))
  const before = await times('before')
  const after = await times('since')
  const ancestors = (filters.get('ancestor') ?? []).map((name) => engine.images.find(name))
  const names = (filters.get('name') ?? []).map(expression)
  const unknown = filters.get('status')?.find((status) => !states.includes(status))
  if (unknown !== undefined) {
    throw new StrakeError('invalid', `invalid filter 'status=${unknown}'`, {
      hint: `It is one of ${states.join(', ')}.`,
    })
  }
  const some = (key: string, test: (value: string) => boolean) => filters.get(key)?.some(test) ?? true
  return (container) => {
    const { id, name, state, settings } = container
    return (
      some('status', (status) => status === state.kind) &&
      some('exited', (code) => state.kind === 'exited' && String(state.exitCode) === code) &&
      some('id', (prefix) => id.startsWith(prefix)) &&
      (names.length === 0 || names.some((pattern) => pattern.test(name) || pattern.test(`/${name}`))) &&
      some('network', (network) => network === settings.network) &&
      some('volume', (volume) =>
        settings.mounts.some((mount) => mount.target === volume || source(mount) === volume),
      ) &&
      some('expose', (port) => settings.exposed.includes(portOf(port))) &&
      some('publish', (port) =>
        publishedPorts(container).some((one) => `${one.containerPort}/${one.protocol}` === portOf(port)),
      ) &&
      (!filters.has('ancestor') ||
        ancestors.some((image) => image !== undefined && standsOn(engine, container, image))) &&
      before.every((time) => container.createdAt < time) &&
      after.every((time) => container.createdAt > time) &&
      matchesLabels(settings.labels, filters.get('label'))
    )
  }
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (cause) {
    throw new StrakeError('invalid', `invalid filter 'name=${pattern}': it is no regular expression`, { cause })
  }
}

function portOf(text: string): string {
  return text.includes('/') ? text : `${text}/tcp`
}

function source(mount: Container['settings']['mounts'][number]): string | undefined {
  return mount.kind === 'volume' ? mount.name : mount.kind === 'bind' ? mount.source : undefined
}

function standsOn(
  engine: Engine,
  { image, snapshot }: Container,
  ancestor: { id: string; snapshot: unknown },
): boolean {
  if (image === ancestor.id) return true
  return (
    ancestor.snapshot !== undefined &&
    engine.store.snapshots.ancestry(snapshot).some(({ id }) => id === ancestor.snapshot)
  )
}

/** `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created`: the status column of `ps`. */
export function statusText({ state }: Container, now = Date.now()): string {
  switch (state.kind) {
    case 'running':
      return `Up ${since(now - state.startedAt)}`
    case 'exited':
      return `Exited (${state.exitCode}) ${since(now - state.finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'created':
      return 'Created'
  }
}

/** The image column of `ps`: the name it was created by as long as that still means this image, else the id. */
export function imageText(engine: Engine, { image, settings }: Container): string {
  const { images } = engine
  const named = images.find(settings.image)
  const isNamed = named && (named.id === image || images.siblings(named).some(({ id }) => id === image))
  return isNamed ? settings.image : hex(image).slice(0, 12)
}

/** The command column of `ps`, in full. */
export function commandText({ settings }: Container): string {
  return [...settings.entrypoint, ...settings.command]
    .map((word, i) => (i > 0 && word.includes(' ') ? `'${word}'` : word))
    .join(' ')
}

/** The ports column of `ps`. */
export function containerPorts(container: Container): string {
  return container.state.kind === 'running' ? portsText(publishedPorts(container), container.settings.exposed) : ''
}

/** Bytes of the files that a container has changed or added. */
export function writableSize({ store }: Engine, { snapshot }: Container): number {
  return snapshot === undefined ? 0 : treeSize(store.snapshots.dir(snapshot))
}
