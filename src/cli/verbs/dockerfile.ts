import type { Entry } from './entry.ts'

/** Dockerfiles. */
export const dockerfile: readonly Entry[] = [
  {
    name: 'dockerfile ast',
    summary: 'Show how a Dockerfile is read',
    group: 'dockerfile',
    storeless: true,
    load: () => import('../commands/dockerfile-ast.ts'),
  },
  {
    name: 'dockerfile explain',
    summary: 'Say what each instruction will do, and when it is done again',
    group: 'dockerfile',
    storeless: true,
    load: () => import('../commands/dockerfile-explain.ts'),
  },
  {
    name: 'dockerfile fmt',
    summary: 'Format Dockerfiles',
    group: 'dockerfile',
    storeless: true,
    load: () => import('../commands/dockerfile-fmt.ts'),
  },
  {
    name: 'dockerfile outline',
    summary: 'List the arguments, secrets and SSH agents that a build takes',
    group: 'dockerfile',
    storeless: true,
    load: () => import('../commands/dockerfile-outline.ts'),
  },
  {
    name: 'dockerfile targets',
    summary: 'List the stages that can be built',
    group: 'dockerfile',
    storeless: true,
    load: () => import('../commands/dockerfile-targets.ts'),
  },
]
