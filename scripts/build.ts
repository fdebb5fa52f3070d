// Bundles the command line, the library and the layer worker into one file each, and writes the type declarations.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'

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
  plugins: [builtins],
})
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.types.json'], { stdio: 'inherit' })
