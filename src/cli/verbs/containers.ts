import type { Entry } from './entry.ts'

/** Containers and volumes. */
export const containers: readonly Entry[] = [
  {
    name: 'attach',
    summary: 'Attach local standard input, output, and error streams to a running container',
    aliases: ['container attach'],
    group: 'containers',
    load: () => import('../commands/attach.ts'),
  },
  {
    name: 'container prune',
    summary: 'Remove all stopped containers',
    group: 'containers',
    load: () => import('../commands/container-prune.ts'),
  },
  {
    // conmon calls it.
    name: 'container cleanup',
    summary: 'Record the end of a container',
    load: () => import('../commands/container-cleanup.ts'),
  },
  {
    name: 'create',
    summary: 'Create a new container',
    aliases: ['container create'],
    group: 'containers',
    load: () => import('../commands/create.ts'),
  },
  {
    name: 'kill',
    summary: 'Kill one or more running containers',
    aliases: ['container kill'],
    group: 'containers',
    load: () => import('../commands/kill.ts'),
  },
  {
    name: 'logs',
    summary: 'Fetch the logs of a container',
    aliases: ['container logs'],
    group: 'containers',
    load: () => import('../commands/logs.ts'),
  },
  {
    name: 'port',
    summary: 'List port mappings or a specific mapping for the container',
    aliases: ['container port'],
    group: 'containers',
    load: () => import('../commands/port.ts'),
  },
  {
    name: 'restart',
    summary: 'Restart one or more containers',
    aliases: ['container restart'],
    group: 'containers',
    load: () => import('../commands/restart.ts'),
  },
  {
    name: 'rm',
    summary: 'Remove one or more containers',
    aliases: ['container rm', 'container remove'],
    group: 'containers',
    load: () => import('../commands/rm.ts'),
  },
  {
    name: 'start',
    summary: 'Start one or more stopped containers',
    aliases: ['container start'],
    group: 'containers',
    load: () => import('../commands/start.ts'),
  },
  {
    name: 'stop',
    summary: 'Stop one or more running containers',
    aliases: ['container stop'],
    group: 'containers',
    load: () => import('../commands/stop.ts'),
  },
  {
    name: 'volume create',
    summary: 'Create a volume',
    group: 'containers',
    load: () => import('../commands/volume-create.ts'),
  },
  {
    name: 'volume inspect',
    summary: 'Show all that is known of one or more volumes',
    group: 'containers',
    load: () => import('../commands/volume-inspect.ts'),
  },
  {
    name: 'volume ls',
    summary: 'List volumes',
    aliases: ['volume list'],
    group: 'containers',
    load: () => import('../commands/volume-ls.ts'),
  },
  {
    name: 'volume prune',
    summary: 'Remove unused volumes',
    group: 'containers',
    load: () => import('../commands/volume-prune.ts'),
  },
  {
    name: 'volume rm',
    summary: 'Remove one or more volumes',
    aliases: ['volume remove'],
    group: 'containers',
    load: () => import('../commands/volume-rm.ts'),
  },
  {
    name: 'wait',
    summary: 'Block until one or more containers stop, then print their exit codes',
    aliases: ['container wait'],
    group: 'containers',
    load: () => import('../commands/wait.ts'),
  },
]
