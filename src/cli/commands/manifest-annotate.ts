import { manifestAnnotate } from '../../engine/mod.ts'
import { command } from '../command.ts'

export default command({
  name: 'manifest annotate',
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  summary: 'Say for which platform an image of an index is',
  options: {
    arch: { kind: 'string', help: 'Set architecture' },
    os: { kind: 'string', help: 'Set operating system' },
    'os-features': { kind: 'list', help: 'Set operating system feature' },
    'os-version': { kind: 'string', help: 'Set operating system version' },
    variant: { kind: 'string', help: 'Set architecture variant' },
  },
  args: { min: 2, max: 2 },
  async run({ options, args, engine }) {
    const { arch, os, variant } = options
    const [version, features] = [options['os-version'], options['os-features']]
    manifestAnnotate(engine(), {
      name: args[0]!,
      image: args[1]!,
      platform: {
        ...(arch !== undefined && { architecture: arch }),
        ...(os !== undefined && { os }),
        ...(variant !== undefined && { variant }),
        ...(version !== undefined && { 'os.version': version }),
        ...(features.length > 0 && { 'os.features': features }),
      },
    })
    return 0
  },
})
