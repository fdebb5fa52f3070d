import type { Rule } from './rule.ts'

/** Failures of apt, pip and npm. */
export const packages: readonly Rule[] = [
  {
    name: 'apt asks',
    match: ({ command, output }) => {
      if (!/Do you want to continue\? \[Y\/n\]\s*Abort\./.test(output)) return undefined
      const tool = /\bapt(?:-get)?\b/.exec(command)?.[0] ?? 'apt-get'
      const verb = /\bapt(?:-get)?\s+(?:-\S+\s+)*(install|upgrade|full-upgrade|dist-upgrade|remove|purge)\b/.exec(
        command,
      )?.[1]
      return {
        cause: `${tool} asked for permission, and nobody can answer in a build.`,
        fix: `Answer beforehand: ${tool} ${verb ?? 'install'} -y …`,
      }
    },
  },
  {
    name: 'apt suite is gone',
    match: ({ output }) => {
      const [, place] = /E: The repository '([^']+)' (?:does not have|no longer has) a Release file/.exec(output) ?? []
      if (place === undefined) return undefined
      return {
        cause: `The mirror has no "${place}": that release of the distribution has been archived, or the name is wrong.`,
        fix: 'Use a newer base image. Old releases are kept on archive.debian.org and old-releases.ubuntu.com.',
      }
    },
  },
  {
    name: 'apt lists are stale',
    match: ({ output }) => {
      if (!/^E: Failed to fetch \S+\s+404\s+Not Found/m.test(output)) return undefined
      return {
        cause: 'The package lists in the image are older than the mirror: the versions they name are no longer there.',
        fix: 'Update them in the same step: RUN apt-get update && apt-get install -y …',
      }
    },
  },
  {
    name: 'apt does not know the package',
    match: ({ command, output }) => {
      const [, located] = /^E: Unable to locate package (\S+)/m.exec(output) ?? []
      const [, replaced] = /^E: Package '([^']+)' has no installation candidate/m.exec(output) ?? []
      const name = located ?? replaced
      if (name === undefined) return undefined
      const [, instead] = /the following packages replace it:\s*\n\s+(\S+)/.exec(output) ?? []
      const today = instead && !instead.endsWith('-is-python3') ? instead : renamed(name)
      if (today) {
        return {
          cause: `There is no package ${name} in this release: it is called ${today} today.`,
          fix: `Install ${today} instead.`,
        }
      }
      if (/^(?:Get|Hit|Ign):\d/m.test(output) || /\bapt(?:-get)?\s+(?:-\S+\s+)*update\b/.test(command)) {
        return {
          cause: `There is no package ${name} in this release of the distribution.`,
          fix: 'Check how it is spelt, and that this release has it: "apt-cache search NAME" after "apt-get update".',
        }
      }
      return {
        cause: `apt does not know ${name}: the image has no package lists, or old ones.`,
        fix: `Fetch them in the same step: RUN apt-get update && apt-get install -y ${name}`,
      }
    },
  },
  {
    name: 'pip may not',
    match: ({ output }) => {
      if (!/error: externally-managed-environment|PEP 668/.test(output)) return undefined
      return {
        cause: "The distribution keeps this Python's packages itself, so pip may not change them (PEP 668).",
        fix: 'Use an environment: RUN python3 -m venv /opt/venv and ENV PATH=/opt/venv/bin:$PATH, or pip install --break-system-packages.',
      }
    },
  },
  {
    name: 'pip has no requirements',
    match: ({ output }) => {
      const [, file] =
        /Could not open requirements file: .{0,500}No such file or directory: '([^']+)'/.exec(output) ?? []
      if (file === undefined) return undefined
      return {
        cause: `There is no ${file} where pip was run.`,
        fix: `Copy it before the step: COPY ${file} ./ (and look at WORKDIR).`,
      }
    },
  },
  {
    name: 'pip finds no version',
    match: ({ output }) => {
      const [, what] = /^ERROR: No matching distribution found for (\S+)/m.exec(output) ?? []
      if (what === undefined) return undefined
      return {
        cause: `The package index has no ${what} for this version of Python and this machine.`,
        fix: 'Check the name and the version, or use a base image with the Python that it needs.',
      }
    },
  },
  {
    name: 'python module is missing',
    match: ({ output }) => {
      const [, module] = /^(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?/m.exec(output) ?? []
      if (module === undefined) return undefined
      return {
        cause: `The Python module ${module} is not in the image.`,
        fix: `Install it (pip install ${module.split('.')[0]}, or a line in requirements.txt), or copy it, if it is your own.`,
      }
    },
  },
  {
    name: 'npm has no package.json',
    match: ({ output }) => {
      const [, path] =
        /npm (?:ERR!|error).{0,500}no such file or directory, open '([^']*package\.json)'/i.exec(output) ?? []
      if (path === undefined) return undefined
      return {
        cause: `There is no ${path} in the image.`,
        fix: 'Copy it before the step: COPY package*.json ./ behind the WORKDIR that npm runs in.',
      }
    },
  },
  {
    name: 'node module is missing',
    match: ({ output }) => {
      const [, module] = /Error: Cannot find module '([^']+)'/.exec(output) ?? []
      if (module === undefined) return undefined
      if (/^[./]/.test(module)) {
        return {
          cause: `There is no ${module} in the image.`,
          fix: 'Copy it, or correct the path (and look at WORKDIR).',
        }
      }
      return {
        cause: `The Node.js module ${module} is not in the image.`,
        fix: `Put it into package.json and run npm install behind the COPY of it; node_modules belongs into .dockerignore.`,
      }
    },
  },
]

/** What a package of Python 2's days is called now. */
function renamed(name: string): string | undefined {
  if (name === 'python') return 'python3'
  if (name === 'python-is-python') return 'python-is-python3'
  return name.startsWith('python-') ? name.replace('python-', 'python3-') : undefined
}
