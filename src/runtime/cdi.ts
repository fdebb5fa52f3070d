import { type BigIntStats, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sys } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { parseYaml } from './cdi-yaml.ts'
import type { ContainerEdits, DeviceNode, WantedDevice } from './types.ts'

/** Where the machine's devices are described (Container Device Interface 0.8); a later folder wins. */
const folders = ['/etc/cdi', '/var/run/cdi']

/** A file of a CDI folder, as far as it is of use here. */
interface Description {
  readonly kind: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly devices?: readonly {
    readonly name: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly containerEdits?: ContainerEdits
  }[]
  readonly containerEdits?: ContainerEdits
}

interface Device {
  readonly name: string
  readonly class: string | undefined
  readonly edits: ContainerEdits | undefined
  readonly description: Description
}

/**
 * What the devices bring into a container. Names are `vendor.com/class=name`, without a name the first of the class, with `*` all of
 * it, or a class that the description's annotations give. An optional device that is not there is passed over.
 *
 * Throws `not_found` and `invalid` in docker's words.
 */
export function findDevices(wanted: readonly WantedDevice[], from: readonly string[] = folders): ContainerEdits[] {
  if (wanted.length === 0) return []
  const devices = readDevices(from)
  const chosen = new Set<Device>()
  for (const { name, required } of wanted) {
    const [kind = '', own] = split(name)
    const ofKind = [...devices.values()].filter((device) => device.description.kind === kind)
    const exact = devices.get(name)
    const found =
      own === undefined || own === ''
        ? ofKind.slice(0, 1)
        : own === '*'
          ? ofKind
          : exact
            ? [exact]
            : ofKind.filter((device) => device.class === own)
    if (found.length === 0 && required) {
      throw new StrakeError('not_found', `required device "${name}" is not registered`, {
        hint:
          devices.size > 0
            ? `This machine has ${[...devices.keys()].join(', ')}.`
            : `No device is described in ${from.join(' or ')}.`,
      })
    }
    for (const device of found) chosen.add(device)
  }
  const descriptions = new Set([...chosen].map(({ description }) => description))
  return [...descriptions, ...chosen].flatMap((part) => {
    const edits = 'kind' in part ? part.containerEdits : part.edits
    return edits ? [edits] : []
  })
}

/** The kind and the name in it. Throws `invalid`. */
function split(name: string): string[] {
  const [, kind, own] = /^([a-zA-Z][\w.-]*\/[a-zA-Z][\w.-]*)(?:=(.*))?$/s.exec(name) ?? []
  if (kind === undefined) {
    throw new StrakeError('invalid', `invalid device ${JSON.stringify(name)}`, {
      hint: 'Write it as vendor.com/class=name.',
    })
  }
  return own === undefined ? [kind] : [kind, own]
}

const classAnnotation = 'org.mobyproject.buildkit.device.class'

function readDevices(from: readonly string[]): Map<string, Device> {
  const devices = new Map<string, Device>()
  for (const folder of from) {
    for (const file of names(folder)) {
      const description = readDescription(join(folder, file))
      for (const { name, annotations, containerEdits } of description.devices ?? []) {
        const { [classAnnotation]: given } = { ...description.annotations, ...annotations }
        const full = `${description.kind}=${name}`
        devices.set(full, { name: full, class: given, edits: containerEdits, description })
      }
    }
  }
  return devices
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(json|ya?ml)$/.test(name))
      .sort()
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return []
    throw error
  }
}

function readDescription(path: string): Description {
  const text = readFileSync(path, 'utf8')
  try {
    return checked(path.endsWith('.json') ? JSON.parse(text) : parseYaml(text))
  } catch (cause) {
    throw new StrakeError('invalid', `can't read the device description ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** What the rest relies on. Throws `SyntaxError`. */
function checked(value: unknown): Description {
  const { kind, devices = [] } = (value ?? {}) as Partial<Description>
  if (typeof kind !== 'string') throw new SyntaxError('it has no kind')
  if (
    !Array.isArray(devices) ||
    devices.some((device) => typeof device?.name !== 'string' && typeof device?.name !== 'number')
  ) {
    throw new SyntaxError('a device has no name')
  }
  return value as Description
}

/** A device of this machine under another path. Undefined for what is none. */
export function deviceNode(path: string, stat: BigIntStats): DeviceNode | undefined {
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined
  return {
    path,
    type: stat.isCharacterDevice() ? 'c' : 'b',
    major: sys.devMajor(stat.rdev),
    minor: sys.devMinor(stat.rdev),
    fileMode: Number(stat.mode & 0o777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  }
}

/** The device node as the runtime takes it; what the description does not say is as on this machine. */
export function deviceOf({ path, hostPath = path, permissions = 'rwm', ...node }: DeviceNode) {
  const stat = node.type && node.major !== undefined ? undefined : lookAt(hostPath)
  const type = node.type ?? (stat?.isBlockDevice() ? 'b' : 'c')
  const major = node.major ?? sys.devMajor(stat!.rdev)
  const minor = node.minor ?? (stat ? sys.devMinor(stat.rdev) : 0)
  const { fileMode, uid, gid } = node
  return {
    device: {
      path,
      type,
      major,
      minor,
      fileMode: fileMode ?? Number((stat?.mode ?? 0o666n) & 0o777n),
      uid: uid ?? 0,
      gid: gid ?? 0,
    },
    rule: { allow: true, type, major, minor, access: permissions },
  }
}

function lookAt(path: string) {
  try {
    return lstatSync(path, { bigint: true })
  } catch (cause) {
    if (errno(cause) !== 'ENOENT') throw cause
    throw new StrakeError('not_found', `the device node ${path} is not there`, { cause })
  }
}
