import { globSync, readFileSync } from 'node:fs'
import { findInit } from '../containers/mod.ts'
import { exec, findProgram } from '../host/mod.ts'
import { errno, StrakeError } from '../lib/mod.ts'
import { findRuntime } from '../runtime/mod.ts'

type Installer = 'apt' | 'dnf' | 'zypper' | 'pacman' | 'apk'

/** A program or file of the system that Strake works with. */
interface Component {
  readonly name: string
  readonly purpose: string
  readonly required: boolean
  /** Finds it where more than its name decides. */
  readonly find?: () => string | undefined
  /** Any one of these programs will do. */
  readonly programs?: readonly string[]
  /** Or any one of these files. */
  readonly files?: readonly string[]
  /** What the distributions call its package. Where one is left out, that distribution does not have it. */
  readonly packages: Readonly<Partial<Record<Installer, string>>>
}

const everywhere = (name: string) => ({ apt: name, dnf: name, zypper: name, pacman: name, apk: name })

const components: readonly Component[] = [
  {
    name: 'runtime',
    purpose: 'runs containers',
    required: true,
    find: runtime,
    packages: everywhere('runc'),
  },
  {
    name: 'crun',
    purpose: 'starts containers twice as fast as runc',
    required: false,
    programs: ['crun'],
    packages: everywhere('crun'),
  },
  { name: 'conmon', purpose: 'keeps containers', required: true, programs: ['conmon'], packages: everywhere('conmon') },
  {
    name: 'iproute2',
    purpose: 'wires networks',
    required: true,
    programs: ['ip'],
    packages: { ...everywhere('iproute2'), dnf: 'iproute' },
  },
  { name: 'nftables', purpose: 'publishes ports', required: true, programs: ['nft'], packages: everywhere('nftables') },
  {
    name: 'unshare',
    purpose: 'makes namespaces',
    required: true,
    programs: ['unshare'],
    packages: { ...everywhere('util-linux'), apk: 'util-linux-misc' },
  },
  {
    name: 'init',
    purpose: 'run --init',
    required: false,
    find: findInit,
    packages: { ...everywhere('catatonit'), apt: 'tini', apk: 'tini-static' },
  },
  {
    name: 'mmdebstrap',
    purpose: 'makes Debian and Ubuntu bases',
    required: false,
    programs: ['mmdebstrap'],
    packages: { apt: 'mmdebstrap', dnf: 'mmdebstrap' },
  },
  {
    name: 'busybox',
    purpose: 'makes the busybox base',
    required: false,
    programs: ['busybox', 'busybox.static'],
    packages: {
      apt: 'busybox-static',
      dnf: 'busybox',
      zypper: 'busybox-static',
      pacman: 'busybox',
      apk: 'busybox-static',
    },
  },
  {
    name: 'isa-l',
    purpose: 'compresses layers five times faster',
    required: false,
    files: ['/usr/lib/*/libisal.so.2', '/usr/lib64/libisal.so.2', '/usr/lib/libisal.so.2'],
    packages: { apt: 'libisal2', dnf: 'isa-l', zypper: 'libisal2', pacman: 'isa-l', apk: 'isa-l' },
  },
  {
    name: 'uidmap',
    purpose: 'maps users',
    required: false,
    programs: ['newuidmap'],
    packages: { apt: 'uidmap', dnf: 'shadow-utils', zypper: 'shadow', pacman: 'shadow', apk: 'shadow-uidmap' },
  },
  { name: 'git', purpose: 'fetches git contexts', required: false, programs: ['git'], packages: everywhere('git') },
  {
    name: 'xz',
    purpose: 'unpacks .tar.xz',
    required: false,
    programs: ['xz'],
    packages: { ...everywhere('xz'), apt: 'xz-utils' },
  },
  {
    name: 'ca-certificates',
    purpose: 'checks TLS',
    required: false,
    files: ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem'],
    packages: everywhere('ca-certificates'),
  },
]

function runtime(): string | undefined {
  try {
    return findRuntime().path
  } catch (error) {
    if (error instanceof StrakeError && error.code === 'unavailable') return undefined
    throw error
  }
}

export interface FoundComponent {
  readonly name: string
  readonly purpose: string
  readonly required: boolean
  /** Undefined where it is missing. */
  readonly path: string | undefined
  /** As the program tells it. */
  readonly version: string | undefined
  /** The package of this distribution that has it. */
  readonly package: string | undefined
}

/** Looks for all that Strake works with. Runtime and conmon are asked for their versions. */
export async function findComponents(): Promise<FoundComponent[]> {
  const installer = installerOf(osRelease())
  return await Promise.all(
    components.map(async ({ name, purpose, required, find, programs = [], files = [], packages }) => {
      const path = find?.() ?? programs.map((program) => findProgram(program)).find(Boolean) ?? globSync(files)[0]
      const version = path && ['runtime', 'conmon'].includes(name) ? await versionOf(path) : undefined
      return { name, purpose, required, path, version, package: installer && packages[installer] }
    }),
  )
}

async function versionOf(program: string): Promise<string | undefined> {
  const { stdout } = await exec(program, ['--version'])
  return /\d+(\.\d+)+\S*/.exec(stdout)?.[0]
}

/** The command that installs packages on this distribution; undefined for one that is not known. */
export function installCommand(packages: readonly string[]): string | undefined {
  const installer = installerOf(osRelease())
  if (!installer || packages.length === 0) return undefined
  const prefix = process.getuid?.() === 0 ? '' : 'sudo '
  return `${prefix}${commands[installer]} ${packages.join(' ')}`
}

const commands: Readonly<Record<Installer, string>> = {
  apt: 'apt-get install -y --no-install-recommends',
  dnf: 'dnf install -y',
  zypper: 'zypper install -y',
  pacman: 'pacman -S --needed',
  apk: 'apk add',
}

const installers: Readonly<Record<string, Installer>> = {
  ...{ debian: 'apt', ubuntu: 'apt', fedora: 'dnf', rhel: 'dnf', centos: 'dnf' },
  ...{ suse: 'zypper', opensuse: 'zypper', arch: 'pacman', alpine: 'apk' },
}

function installerOf({ ID = '', ID_LIKE = '' }: Readonly<Record<string, string>>): Installer | undefined {
  for (const id of [ID, ...ID_LIKE.split(' ')]) if (Object.hasOwn(installers, id)) return installers[id]
  return undefined
}

/** os-release(5) of this machine. */
export function osRelease(): Record<string, string> {
  let text = ''
  try {
    text = readFileSync('/etc/os-release', 'utf8')
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error
  }
  const found: Record<string, string> = {}
  for (const [, key, value] of text.matchAll(/^([A-Z_]+)=(.*)$/gm)) found[key!] = value!.replace(/^(["'])(.*)\1$/, '$2')
  return found
}
