// Bundles the command line, the library and the layer worker into one file each, and writes the type declarations.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/**
 * Makes imports as narrow as what they name, so that a command initialises only what it uses:
 *
 * - What a module's door passes on comes from the file that has it; else `images` would start all that `build` needs.
 * - Node's own modules come from `process.getBuiltinModule` when the code that uses them is first run. An `import` loads
 *   all of them at the start, and of node:fs also the streams and promises, which takes 3 ms alone.
 */
const narrow: Plugin = {
  name: 'narrow',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8')
        .replaceAll(/^import \{([^}]*)\} from '(node:[^']*)'$/gm, (_, names: string, from: string) => {
          const wanted = values(names).map(([name, as]) => (name === as ? name : `${name}: ${as}`))
          return `const { ${wanted.join(', ')} } = process.getBuiltinModule('${from}')`
        })
        .replaceAll(
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
  return `{ ${name} as ${as} } from ${JSON.stringify(mod)}`
}

/**
 * Node's own modules by `process.getBuiltinModule`, when the code that uses them is run first. An `import` would load
 * all of them at the start, whatever the command is, and of node:fs also the streams and promises (3 ms alone).
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
  },
}

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: { strake: 'src/main.ts', index: 'src/index.ts', worker: 'src/layers/worker.ts' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [narrow, builtins],
})
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' })
