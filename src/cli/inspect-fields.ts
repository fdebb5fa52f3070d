const absent = <T extends object>(value: T): T => Object.defineProperty(value, 'toJSON', { value: () => null })
const noList = absent([])
const noMap = absent({})

/** Fields of docker's types (Docker Engine API) and what they are where there is nothing in them, by the field they are in. */
const fields: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '': { Created: '', Variant: '', OsVersion: '', SizeRw: null, SizeRootFs: null, ExecIDs: noList },
  Config: {
    ArgsEscaped: false,
    Cmd: noList,
    Domainname: '',
    Entrypoint: noList,
    Env: noList,
    ExposedPorts: noMap,
    Healthcheck: null,
    Labels: noMap,
    OnBuild: noList,
    Shell: noList,
    StopSignal: '',
    StopTimeout: null,
    User: '',
    Volumes: noMap,
    WorkingDir: '',
  },
  HostConfig: {
    Binds: noList,
    CapAdd: noList,
    CapDrop: noList,
    Devices: noList,
    Dns: noList,
    ExtraHosts: noList,
    GroupAdd: noList,
    SecurityOpt: noList,
    Tmpfs: noMap,
    Ulimits: noList,
    VolumesFrom: noList,
  },
  State: { Health: null },
}

/**
 * Gives a template what docker's types have beyond the JSON: a field that is left out there is empty in a template (`{{if
 * .Config.Healthcheck}}`), and a list that is `null` there prints as `[]`. The object's own JSON stays as it is.
 */
export function withAllFields(object: object): object {
  for (const [name, known] of Object.entries(fields)) {
    const owner = name === '' ? object : (object as Record<string, unknown>)[name]
    if (typeof owner !== 'object' || owner === null) continue
    for (const [field, value] of Object.entries(known)) {
      const there = (owner as Record<string, unknown>)[field]
      if (there === undefined || there === null) {
        Object.defineProperty(owner, field, { value, enumerable: there === null })
      }
    }
  }
  return object
}
