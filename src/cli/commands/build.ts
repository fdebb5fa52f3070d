import { type BuildRecord, build, explainContext } from '../../engine/mod.ts'
import { StrakeError } from '../../lib/mod.ts'
import { parseReference } from '../../oci/mod.ts'
import { annotationFlags } from '../annotations.ts'
import { attestOf } from '../attest-options.ts'
import { cacheSources, cacheTargets } from '../build-cache.ts'
import { findContext } from '../build-context.ts'
import { readSolveFlags, solveFlags } from '../build-flags.ts'
import { buildMetadata, metadataProvenance } from '../build-metadata.ts'
import { annotated, outputsOf } from '../build-outputs.ts'
import { showBuild } from '../build-progress.ts'
import { buildCall, checkBuild } from '../check-build.ts'
import { classicFlags, classicWarnings } from '../classic-flags.ts'
import { command } from '../command.ts'
import { contextReport } from '../context-report.ts'
import { secretsOf, sshOf } from '../hand-on.ts'
import { buildArguments, byteSize, namedContexts, networkMode, pairs, platforms } from '../option-values.ts'
import { progressModes } from '../progress.ts'
import { resultFile } from '../result-file.ts'
import { ulimitsOf } from '../ulimits.ts'

export default command({
  name: 'build',
  usage: '[OPTIONS] PATH | URL | -',
  summary: 'Build an image from a Dockerfile',
  examples: [
    'strake build -t app .                      the Dockerfile of this folder',
    'strake build -t app -f docker/Dockerfile . another Dockerfile for this folder',
    'strake build app/Dockerfile                that Dockerfile, with its folder',
    'strake build https://example.org/app.git#main:server',
    'strake build --build-context debian:bookworm=bootstrap:debian/bookworm .',
  ],
  options: {
    tag: { kind: 'list', short: 't', help: 'Name and optionally a tag (format: "name:tag")' },
    file: {
      kind: 'string',
      short: 'f',
      help: 'Name of the Dockerfile (default: "PATH/Dockerfile"); - for standard input',
    },
    'build-arg': { kind: 'list', help: 'Set a build-time variable; without a value it is taken from the environment' },
    target: {
      kind: 'list',
      value: 'string',
      help: 'Set the target build stage to build; several are built in one run, and names go to the last one or, as --tag TARGET=NAME, to another',
    },
    'no-cache': { kind: 'boolean', help: 'Do not use cache when building the image' },
    'no-cache-filter': { kind: 'list', value: 'stages', help: 'Do not cache specified stages' },
    'cache-from': {
      kind: 'list',
      value: 'source',
      help: 'Caches of other builds to look into (format: "user/app:cache", "type=registry,ref=user/app:cache", "type=local,src=path")',
    },
    'cache-to': {
      kind: 'list',
      value: 'target',
      help: 'Where the cache of this build goes (format: "user/app:cache", "type=registry|local|inline[,mode=max]")',
    },
    ...solveFlags,
    pull: { kind: 'boolean', help: 'Always attempt to get newer versions of the base images' },
    label: { kind: 'list', help: 'Set metadata for the image' },
    network: {
      kind: 'string',
      help: 'Networking of the RUN instructions: default, host or none',
      default: 'default',
    },
    'add-host': { kind: 'list', help: 'Add a custom host-to-IP mapping (format: "host:ip")' },
    'shm-size': { kind: 'string', value: 'bytes', help: 'Size of /dev/shm in RUN instructions' },
    ulimit: { kind: 'list', value: 'ulimit', help: 'Ulimit options of RUN instructions (format: "nofile=1024:4096")' },
    'cgroup-parent': { kind: 'string', help: 'Set the parent cgroup for RUN instructions' },
    output: {
      kind: 'list',
      short: 'o',
      help: 'Where the result goes, instead of the store: DIR, - (a tar), or "type=local|tar|oci|docker|image|registry,dest=path"; may be repeated',
    },
    annotation: {
      kind: 'list',
      help: 'Add an annotation to the image (format: "key=value", "manifest[linux/amd64],index:key=value")',
    },
    load: { kind: 'boolean', help: 'Keep the image in the store, besides other outputs (shorthand for "type=docker")' },
    push: { kind: 'boolean', help: 'Push the image under its names (shorthand for "type=registry")' },
    'metadata-file': { kind: 'string', value: 'file', help: 'Write what was built to a file, as JSON' },
    iidfile: { kind: 'string', value: 'file', help: 'Write the image ID to a file' },
    quiet: { kind: 'boolean', short: 'q', help: 'Suppress the build output and print image ID on success' },
    progress: { kind: 'string', help: `Type of progress output: ${progressModes.join(', ')}`, default: 'auto' },
    'build-context': {
      kind: 'list',
      help: 'Another source of files or a stand-in for an image (format: "name=path", "debian:bookworm=bootstrap:debian/bookworm")',
    },
    secret: {
      kind: 'list',
      help: 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret|,env=VARIABLE]")',
    },
    ssh: {
      kind: 'list',
      help: 'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
    },
    allow: {
      kind: 'list',
      help: 'Allow extra privileged entitlement: network.host, security.insecure, device or device=NAME',
    },
    platform: {
      kind: 'list',
      help: 'Platform of the image (format: "linux/amd64"), or several with commas: "linux/amd64,linux/arm64"',
    },
    reproducible: {
      kind: 'boolean',
      help: 'Make the same image of the same inputs everywhere: no times later than SOURCE_DATE_EPOCH (default: the last commit, or the newest file)',
    },
    attest: { kind: 'list', value: 'string', help: 'Attestation parameters (format: "type=sbom,generator=image")' },
    provenance: {
      kind: 'string',
      help: 'Attach how the image was built (shorthand for "type=provenance"): true, or "mode=min|max,version=v1|v0.2,builder-id=URI,reproducible=true"',
    },
    sbom: {
      kind: 'string',
      help: 'Attach which packages are in it (shorthand for "type=sbom"): true, or "generator=IMAGE" for a scanner of its own',
    },
    ca: {
      kind: 'string',
      value: 'auto|none|file',
      help: "The CA certificates that RUN instructions trust besides the image's own; auto takes those that the environment names",
      default: 'auto',
    },
    check: { kind: 'boolean', help: 'Check the Dockerfile instead of building it (exit code 1 if there are warnings)' },
    'explain-context': {
      kind: 'boolean',
      help: 'Instead of building, list the files that the build sees, and for those left out the line of the ignore file that did it',
    },
    fix: { kind: 'boolean', help: 'With --check: put right in the Dockerfile what can be put right safely' },
    skip: { kind: 'list', value: 'rule', help: 'With --check: leave rules out' },
    format: {
      kind: 'string',
      help: 'With --check: text, json (as docker has it) or sarif; with --explain-context: text or json',
      default: 'text',
    },
    call: { kind: 'string', help: 'check, or check,format=json, as docker has it', hidden: true },
    ...classicFlags,
  },
  args: { min: 1, max: 1 },
  async run({ args, options, terminal, signal, engine }) {
    const { ca = 'auto', file, iidfile } = options
    const shmSize = options['shm-size']
    for (const warning of classicWarnings(options)) terminal.err(`${terminal.color('yellow', 'WARNING:')} ${warning}\n`)
    const tags = options.tag.map((tag) => parseReference(tag.slice(tag.indexOf('=') + 1)))
    using solving = readSolveFlags(options, terminal)
    const found = await findContext(args[0]!, file, terminal)
    if (options['explain-context']) {
      const explained = await explainContext(engine(), { ...found, signal })
      terminal.out(options.format === 'json' ? `${JSON.stringify(explained, null, 2)}\n` : contextReport(explained))
      return 0
    }
    const call = buildCall(options)
    if (call) return await checkBuild(engine(), { ...call, found, options, terminal, signal })
    const writeId = iidfile ? resultFile('iidfile', iidfile) : undefined
    const metadataFile = options['metadata-file']
    const writeMetadata = metadataFile ? resultFile('metadata-file', metadataFile) : undefined
    const outputs = annotated(outputsOf(options, terminal), annotationFlags(options.annotation))
    const attest = attestOf(options)
    const resultProvenance = writeMetadata ? metadataProvenance(terminal.env) : undefined

    using view = showBuild(terminal, options)
    const { onRecord, ...solve } = solving.options(view)
    let record: BuildRecord | undefined
    const result = await build(engine(), {
      ...found,
      tags: options.tag,
      outputs,
      ...(attest && { attest }),
      ...(resultProvenance && { resultProvenance }),
      buildArgs: { ...epochOf(terminal.env), ...buildArguments(options['build-arg'], terminal.env) },
      reproducible: options.reproducible === true,
      labels: pairs(options.label),
      network: networkMode(options.network),
      addHosts: options['add-host'].map(addHost),
      ...(shmSize !== undefined && { shmSize: byteSize(shmSize, '--shm-size') }),
      ulimits: ulimitsOf(options.ulimit),
      cgroupParent: options['cgroup-parent'],
      buildContexts: namedContexts(options['build-context']),
      secrets: secretsOf(options.secret, terminal.env),
      ssh: sshOf(options.ssh),
      allow: options.allow.flatMap((names) => (names.startsWith('device=') ? [names] : names.split(','))),
      noCache: options['no-cache'] === true,
      pull: options.pull === true,
      ca: ca === 'auto' || ca === 'none' ? ca : { file: ca },
      target: options.target,
      cacheFrom: cacheSources(options['cache-from']),
      cacheTo: cacheTargets(options['cache-to']),
      noCacheFilter: options['no-cache-filter'].flatMap((names) => names.split(',')),
      ...solve,
      onRecord(ended) {
        record = ended
        onRecord?.(ended)
      },
      platform: platforms(options.platform),
      signal,
      progress: solving.progress(view.sink),
    })

    writeId?.(result.id)
    writeMetadata?.(buildMetadata(result, record))
    view.end(result, tags, outputs)
    return 0
  },
})

function addHost(text: string): string {
  const [, host, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
  if (!host || !address) throw new StrakeError('invalid', `bad format for add-host: ${JSON.stringify(text)}`)
  return `${host}:${address}`
}

/** SOURCE_DATE_EPOCH of the environment counts as a build argument, as for buildx. */
function epochOf({ SOURCE_DATE_EPOCH }: NodeJS.ProcessEnv): Record<string, string> {
  return SOURCE_DATE_EPOCH ? { SOURCE_DATE_EPOCH } : {}
}
