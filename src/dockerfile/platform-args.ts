import { formatPlatform, type Platform } from '../oci/mod.ts'

/** The arguments that are there before the first FROM, and by ARG in a stage. `stage` is the name of the one that is built. */
export function platformArgs(build: Platform, target: Platform, stage: string): Map<string, string> {
  const of = (prefix: string, platform: Platform) =>
    [
      [`${prefix}PLATFORM`, formatPlatform(platform)],
      [`${prefix}OS`, platform.os],
      [`${prefix}OSVERSION`, platform['os.version'] ?? ''],
      [`${prefix}ARCH`, platform.architecture],
      [`${prefix}VARIANT`, platform.variant ?? ''],
    ] as const
  return new Map([...of('BUILD', build), ...of('TARGET', target), ['TARGETSTAGE', stage]])
}
