import { readElf } from './elf.ts'
import type { Failure, Hint, Rule } from './rule.ts'
import { missingProgram } from './tools.ts'

/** Failures of starting a program. */
export const programs: readonly Rule[] = [
  {
    name: 'Windows line endings',
    match: ({ output }) => {
      const found = lineEndings.exec(output)
      if (!found) return undefined
      const program = found[1] ?? found[2]
      const asks = program ? `: it asks for "${program}\\r"` : ''
      return { cause: `A script has Windows line endings${asks}.`, fix: convert('the script') }
    },
  },
  {
    name: 'wrong format',
    match: (failure) => {
      const path = /(?:exec |: )(\/?\S+): (?:cannot execute binary file: )?exec format error/i.exec(
        lastLines(failure.output),
      )?.[1]
      if (path === undefined) return undefined
      return wrongFormat(path, look(failure, path))
    },
  },
  {
    name: 'interpreter or loader is missing',
    match: (failure) => {
      const path = notThere(failure.output)
      const bytes = path === undefined ? undefined : look(failure, path)
      return path !== undefined && bytes ? cannotStart(path, bytes, failure) : undefined
    },
  },
  {
    name: 'shared library is missing',
    match: ({ output }) => {
      const [, library] =
        /error while loading shared libraries: ([^:\s]+): cannot open shared object file/.exec(output) ?? []
      if (library === undefined) return undefined
      return {
        cause: `The program needs the library ${library}, which is not in the image.`,
        fix: 'Install the package that holds it, in the stage that runs the program; or link the program statically.',
      }
    },
  },
  {
    name: 'not executable',
    match: ({ output, exitCode }) => {
      const [, quoted] = /exec: \\?"([^"\\]+)\\?": permission denied/.exec(output) ?? []
      const [, shell] = (exitCode === 126 && /^\S+: (?:line )?\d*:? ?(\S+): Permission denied/m.exec(output)) || []
      const path = quoted ?? shell
      if (path === undefined) return undefined
      return {
        cause: `${path} may not be executed: it lacks the x permission, or is a directory.`,
        fix: `Set it when copying (COPY --chmod=755 …), or with RUN chmod +x ${path}`,
      }
    },
  },
  {
    name: 'a word of bash',
    match: ({ output }) => {
      const [, word] =
        /^\S*sh: (?:\d+: )?(source|\[\[|pushd|popd|shopt|declare|function): not found/m.exec(output) ?? []
      if (
        word === undefined &&
        !/^\S*sh: (?:\d+: )?(?:Bad substitution|Syntax error: (?:"\("|redirection) unexpected)/im.test(output)
      ) {
        return undefined
      }
      const instead = word === 'source' ? 'Write "." instead of "source"' : 'Write it for /bin/sh'
      return {
        cause: `${word === undefined ? 'The command' : `"${word}"`} is bash's own, and /bin/sh here is not bash.`,
        fix: `${instead}, or put SHELL ["/bin/bash", "-c"] before the step.`,
      }
    },
  },
  {
    name: 'no such program',
    match: (failure) => {
      const name = notThere(failure.output)
      if (name === undefined) return undefined
      if (!name.includes('/')) return missingProgram(name, failure)
      if (failure.readHead && look(failure, name)) return undefined
      return {
        cause: `There is no file ${name} in the image.`,
        fix: 'Copy it into the image first, or correct the path.',
      }
    },
  },
]

const lineEndings =
  /(?:env: (?:can't execute )?['‘]?([\w./-]+)(?:\\r|\r|\^M)['’]?: No such file)|(?:^|\s)\$'\\r': command not found|([\w./-]{1,200})(?:\^M|\r): bad interpreter/m

const convert = (name: string) =>
  `Convert ${name} (sed -i 's/\\r$//' FILE), and keep it so with "*.sh text eol=lf" in .gitattributes.`

/** What was printed just before the end: what stands far above did not end the command. */
const lastLines = (output: string) => output.trimEnd().split('\n').slice(-20).join('\n')

/** The program that a shell or the runtime says is not there. */
function notThere(output: string): string | undefined {
  const end = lastLines(output)
  for (const pattern of [
    /exec: \\?"([^"\\]+)\\?": (?:executable file not found in \$PATH|stat [^\n]*: no such file or directory)/,
    /^exec (\S+): no such file or directory/m,
    /^\S*sh: (?:line )?(?:\d+: )?(\S+): (?:not found|command not found|cannot execute: required file not found)/m,
    /^\S*sh: \d+: cannot open (\S+): No such file/m,
    /^\S*bash: (?:line \d+: )?(\S+): No such file or directory/m,
    /env: (?:can't execute )?['‘]?([\w./-]+)['’]?: No such file or directory/,
  ]) {
    const found = pattern.exec(end)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}

/** The file at a path as the command meant it. */
function look({ readHead, cwd = '/' }: Failure, path: string): Uint8Array | undefined {
  if (!readHead || !path.includes('/')) return undefined
  return readHead(path.startsWith('/') ? path : `${cwd.replace(/\/$/, '')}/${path.replace(/^\.\//, '')}`)
}

/** The first line of a script. Undefined without `#!`. */
function shebang(bytes: Uint8Array): string | undefined {
  const [line = ''] = new TextDecoder().decode(bytes.subarray(0, 256)).split('\n')
  return line.startsWith('#!') ? line : undefined
}

/** An existing file that the kernel did not find: what it asks for is missing. */
function cannotStart(path: string, bytes: Uint8Array, failure: Failure): Hint | undefined {
  const line = shebang(bytes)
  if (line?.endsWith('\r')) {
    return {
      cause: `${path} has Windows line endings: it asks for "${line.slice(2, -1).trim()}\\r".`,
      fix: convert('it'),
    }
  }
  if (line !== undefined) {
    const [interpreter = ''] = line.slice(2).trim().split(/\s/)
    if (failure.readHead?.(interpreter)) return undefined
    const name = interpreter.split('/').at(-1) ?? ''
    const other = name === 'bash' ? 'write the script for /bin/sh' : 'correct the first line'
    return {
      cause: `${path} is there, but not ${interpreter}, which its first line asks for.`,
      fix: `Install ${name || 'it'}, or ${other}.`,
    }
  }
  const { architecture, loader } = readElf(bytes) ?? {}
  if (architecture !== undefined && architecture !== own) {
    return {
      cause: `${path} is built for ${architecture}; what is registered with the kernel to run it, or its loader, is not in the image.`,
      fix: `Register QEMU so that it needs no file there: ${emulation(architecture)}`,
    }
  }
  if (loader === undefined || failure.readHead?.(loader)) return undefined
  const libc = loader.includes('musl') ? 'musl, as in Alpine' : 'glibc, as in Debian'
  return {
    cause: `${path} is there, but not ${loader}, the loader it is linked for (${libc}).`,
    fix: 'Link it statically (Go: CGO_ENABLED=0; C: -static), or use a base with the libc that it was built on.',
  }
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

const own = architectures[process.arch] ?? process.arch

/** What lets the kernel run programs of that machine, wherever their files are. */
const emulation = (machine: string) =>
  `apt-get install qemu-user-static binfmt-support, or docker run --privileged --rm tonistiigi/binfmt --install ${machine}`

function wrongFormat(path: string, bytes: Uint8Array | undefined): Hint {
  const built = bytes && readElf(bytes)?.architecture
  if (built !== undefined && built !== own) {
    return {
      cause: `${path} is built for ${built}, and this machine is ${own}.`,
      fix: `Build it for ${own}, use an image of that platform, or let QEMU run it: ${emulation(built)}`,
    }
  }
  if (bytes && !readElf(bytes) && shebang(bytes) === undefined) {
    return {
      cause: bytes.length === 0 ? `${path} is empty.` : `${path} does not begin with "#!" and an interpreter.`,
      fix: 'Make "#!/bin/sh" its first line, with nothing before it, or run it by name: ["sh", "FILE"].',
    }
  }
  return {
    cause: `${path} can't run here: it is built for another kind of machine than ${own}, or is a script without "#!".`,
    fix: `Build it for ${own}, or make "#!/bin/sh" the script's first line.`,
  }
}
