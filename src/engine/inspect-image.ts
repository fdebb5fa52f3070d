import { familiarName, type ImageConfig, type Platform, parseReference } from '../oci/mod.ts'
import { attestationsOf } from './attestations.ts'
import type { Engine } from './engine.ts'
import { shownName } from './images.ts'

/**
 * An image as `docker inspect` tells it (Docker Engine API, ImageInspect). Undefined when there is none; throws `not_found`
 * where it is for another platform. `Provenance` and `SBOM` can be asked for, and are not listed: they are long.
 */
export function inspectImage(engine: Engine, name: string, platform?: Platform): object | undefined {
  const { images, store } = engine
  if (!images.find(name)) return undefined
  const image = images.get(name, platform)
  const config = images.config(image)
  const { variant, author = '', history = [] } = config
  const inspected = {
    Id: image.id,
    RepoTags: image.names.map(shownName),
    RepoDigests: image.digests.map((digest) => {
      const reference = parseReference(digest)
      return `${familiarName(reference)}@${reference.digest}`
    }),
    Parent: '',
    Comment: history.at(-1)?.comment ?? '',
    ...(config.created !== undefined && { Created: config.created }),
    DockerVersion: '',
    Author: author,
    Architecture: image.architecture,
    ...(variant !== undefined && { Variant: variant }),
    Os: image.os,
    Size: image.size,
    GraphDriver: { Data: directories(store.snapshots.stack(image.snapshot)), Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
    Config: containerConfig(config),
  }
  return Object.defineProperties(inspected, {
    Provenance: { get: () => attestationsOf(engine, name, platform).Provenance },
    SBOM: { get: () => attestationsOf(engine, name, platform).SBOM },
  })
}

/** In order of keys, and with what docker shows also when it is empty. */
function containerConfig({ config = {} }: ImageConfig): object {
  const always = {
    Cmd: null,
    Entrypoint: null,
    Env: null,
    Labels: null,
    OnBuild: null,
    User: '',
    Volumes: null,
    WorkingDir: '',
  }
  return Object.fromEntries(Object.entries({ ...always, ...config }).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The topmost layer's directory and those below it. */
function directories([upper, ...lower]: readonly string[]): Record<string, string> {
  if (!upper) return {}
  return {
    ...(lower.length > 0 && { LowerDir: lower.join(':') }),
    UpperDir: upper,
  }
}
