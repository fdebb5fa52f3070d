import type { Options, Values } from './command.ts'

/** Options of docker's classic builder. As docker's builder of today, `build` takes them and does nothing of what they say. */
export const classicFlags = {
  rm: { kind: 'boolean', help: 'Remove intermediate containers', hidden: true },
  'force-rm': { kind: 'boolean', help: 'Always remove intermediate containers', hidden: true },
  compress: { kind: 'boolean', help: 'Compress the build context', hidden: true },
  squash: { kind: 'boolean', help: 'Squash newly built layers', hidden: true },
  memory: { kind: 'string', short: 'm', help: 'Memory limit', hidden: true },
  'memory-swap': { kind: 'string', help: 'Swap limit equal to memory plus swap', hidden: true },
  'cpu-shares': { kind: 'number', short: 'c', help: 'CPU shares (relative weight)', hidden: true },
  'cpu-period': { kind: 'number', help: 'Limit the CPU CFS period', hidden: true },
  'cpu-quota': { kind: 'number', help: 'Limit the CPU CFS quota', hidden: true },
  'cpuset-cpus': { kind: 'string', help: 'CPUs in which to allow execution', hidden: true },
  'cpuset-mems': { kind: 'string', help: 'MEMs in which to allow execution', hidden: true },
  isolation: { kind: 'string', help: 'Container isolation technology', hidden: true },
  'security-opt': { kind: 'list', help: 'Security options', hidden: true },
} as const satisfies Options

/** What is said of those that someone may rely on. */
export function classicWarnings(options: Values<typeof classicFlags>): string[] {
  const { squash, isolation } = options
  return [
    ...(squash ? ['--squash does nothing: build in one stage, and COPY --from it into the last one.'] : []),
    ...(isolation ? ['--isolation does nothing: steps have the isolation of containers.'] : []),
    ...(options['security-opt'].length
      ? ['--security-opt does nothing: write "RUN --security=insecure", and build with --allow security.insecure.']
      : []),
    ...limits
      .filter((name) => options[name] !== undefined)
      .map((name) => `--${name} does nothing: limits of a cgroup of yours count, with --cgroup-parent.`),
  ]
}

const limits = ['memory', 'memory-swap', 'cpu-shares', 'cpu-period', 'cpu-quota', 'cpuset-cpus', 'cpuset-mems'] as const
