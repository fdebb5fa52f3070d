// Bundles the command line, the library and the layer worker into one file each, and writes the type declarations.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { entries } from '../src/cli/commands.ts'

/**
 * Makes imports as narrow as what they name, so that a command initialises only what it uses: what a module's door
 * passes on comes from the file that has it; else `images` would start all that `build` needs.
 */
const narrow: Plugin = {
  name: 'narrow',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replaceAll(
        /^(import|export) \{([^}]*)\} from '(\.[^']*\/mod\.ts)'$/gm,
        (_, verb: string, names: string, from: string) =>
          values(names)
            .map(([name, as]) => `${verb} ${behind(join(dirname(path), from), name, as)}`)
            .join('; '),
      )
      return { contents, loader: 'ts' }
    })
  },
}

/** The names of an import that are values, not types, and what they are called here. */
function values(names: string): [string, string][] {
  const list = names.split(',').map((name) => name.trim())
  return list
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => name.split(' as ') as [string, string?])
    .map(([name, as = name]) => [name, as])
}

/** What stands after `import` to get `name` from the file behind the door `mod`. */
function behind(mod: string, name: string, as: string): string {
  const text = readFileSync(mod, 'utf8')
  for (const [, whole] of text.matchAll(/^export \* as (\w+) from '[^']*'$/gm)) {
    if (whole === name) return `{ ${name} as ${as} } from ${JSON.stringify(mod)}`
  }
  for (const [, names, from] of text.matchAll(/^export \{([^}]*)\} from '([^']*)'$/gm)) {
    for (const [inner, outer] of values(names!)) {
      if (outer === name) return `{ ${inner} as ${as} } from ${JSON.stringify(join(dirname(mod), from!))}`
    }
  }
  for (const [, from] of text.matchAll(/^export \* from '([^']*)'$/gm)) {
    const further = behind(join(dirname(mod), from!), name, as)
    if (!further.endsWith(JSON.stringify(join(dirname(mod), from!)))) return further
  }
  for (const [, from] of text.matchAll(/^export \* from '([^']*)'$/gm)) {
    const inner = join(dirname(mod), from!)
    const found = behind(inner, name, as)
    if (!found.endsWith(JSON.stringify(inner))) return found
  }
  return `{ ${name} as ${as} } from ${JSON.stringify(mod)}`
}

/**
 * Node's own modules, each loaded when something of it is used first: an `import` would load all that any command needs at
 * the start (node:crypto alone takes 4 ms, node:fs with its streams and promises 3). esbuild reads imported names where they are used, so getters do.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `
        for (const name of ${JSON.stringify(importedFrom(path))}) {
          Object.defineProperty(exports, name, {
            enumerable: true,
            configurable: true,
            get() {
              const value = process.getBuiltinModule(${JSON.stringify(path)})[name]
              Object.defineProperty(exports, name, { value })
              return value
            },
          })
        }`,
    }))
  },
}

/** The names that our sources import from one of Node's modules. */
function importedFrom(module: string): string[] {
  const names = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^import \{([^}]*)\} from '(node:[^']*)'$/gm)]
      .filter(([, , from]) => from === module)
      .flatMap(([, list]) => values(list!).map(([name]) => name)),
  )
  return [...new Set(names)].sort()
}

/**
 * Verbs that have a program of their own beside the one that has them all, since a program starts the faster the smaller
 * it is (bin/strake chooses): they are what people and scripts call most.
 */
const own = ['build', 'exec', 'history', 'images', 'inspect', 'logs', 'ps', 'run']

/** Leaves the verbs out that a command line which begins with `verb` can't mean. */
function only(verb: string): Plugin {
  return {
    name: 'only',
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.\/commands\// }, ({ path, kind }) =>
        kind !== 'dynamic-import' || path === `../commands/${verb}.ts` || path.startsWith(`../commands/${verb}-`)
          ? undefined
          : { path, external: true },
      )
    },
  }
}

/** esbuild leaves the other letters of regular expressions as they are; src/cli/start.ts counts on there being none. Gives the hash. */
function makeAscii(file: string): string {
  const text = readFileSync(file, 'utf8').replace(
    /[^\0-\x7f]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  writeFileSync(file, text)
  return createHash('sha256').update(text).digest('hex')
}

const shared = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  packages: 'external',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [narrow, builtins],
} satisfies BuildOptions

// Node starts a CommonJS program 2 ms sooner than an ES module.
const program = {
  ...shared,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // node:url, which knows how to make it, takes a while to load.
  banner: { js: "const moduleUrl = 'file://' + encodeURI(__filename).replace(/[?#]/g, encodeURIComponent)" },
  define: { 'import.meta.url': 'moduleUrl', 'import.meta.dirname': '__dirname' },
} satisfies BuildOptions

rmSync('dist', { recursive: true, force: true })
await Promise.all([
  build({ ...shared, format: 'esm', entryPoints: { index: 'src/index.ts' } }),
  build({ ...program, entryPoints: { strake: 'src/main.ts', worker: 'src/layers/worker.ts' } }),
  ...own.map((verb) =>
    build({ ...program, entryPoints: { [`strake-${verb}`]: 'src/main.ts' }, plugins: [only(verb), ...shared.plugins] }),
  ),
])
const programs = globSync('dist/strake*.cjs').map((file) => [basename(file, '.cjs'), makeAscii(file)])
const verbs = entries.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((words) => words.split(' ')[0]))
const define = {
  ...program.define,
  programs: JSON.stringify(Object.fromEntries(programs)),
  verbs: JSON.stringify([...new Set(verbs)]),
}
await build({ ...program, define, entryPoints: { start: 'src/cli/start.ts' } })
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' })
