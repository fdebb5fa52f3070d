const files = 'Files go through a volume (run -v), or as a tar: strake exec CONTAINER tar -cf - PATH'
const builder = "There is no builder to set up: 'strake build' is all of it."
const network = 'Containers are on a bridge, on the network of the host or on none: strake run --network'
const several = "Strake runs single containers, without a daemon: 'strake run -d' for each."

/** Verbs that docker has and Strake has not, with what does the same here. */
const verbs: Readonly<Record<string, string>> = {
  commit: 'Write it into a Dockerfile and build that: strake build',
  compose: several,
  context: 'There is no daemon to connect to. Another store is named in STRAKE_ROOT.',
  cp: files,
  events: "There is no daemon that could tell. See 'strake ps -a', 'strake logs -f' and 'strake build history ls'.",
  export: files,
  network,
  pause: "Stop it and start it again: 'strake stop', 'strake start'.",
  rename: "A container gets its name when it is made: 'strake run --name'.",
  service: several,
  stack: several,
  stats: 'See strake exec CONTAINER top',
  swarm: several,
  top: 'See strake exec CONTAINER ps',
  update: "Limits are set when a container is made: 'strake run --memory --cpus'.",
  'buildx bake': "A target each: 'strake build --target A --target B'.",
  'buildx create': builder,
  'buildx imagetools': "See 'strake manifest inspect', 'strake manifest create' and 'strake image copy'.",
  'buildx inspect': builder,
  'buildx ls': builder,
  'buildx use': builder,
}

/** What does here what a verb of docker's does that Strake has not, in a sentence. `container cp` is `cp`. */
export function insteadOf(name: string): string | undefined {
  const known = name.replace(/^container /, '')
  return Object.hasOwn(verbs, known) ? verbs[known] : undefined
}
