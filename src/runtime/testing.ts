import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { enterPrivateMounts, mountOverlay, unmount } from '../host/mod.ts'
import type { SpecOptions, StepOptions } from './types.ts'

/** A root file system for tests: busybox in an overlay, in a temporary folder. */
export interface TestRoot extends Disposable {
  readonly rootfs: string
  readonly lower: string
  readonly upper: string
  spec(args: readonly string[], more?: Partial<StepOptions>): SpecOptions & StepOptions
}

export function testRoot(prepare: (lower: string) => void = () => {}): TestRoot {
  enterPrivateMounts()
  const folder = mkdtempSync('/var/tmp/strake-test-')
  const [lower, upper, work, rootfs] = ['lower', 'upper', 'work', 'rootfs'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ]
  mkdirSync(join(lower, 'bin'), { recursive: true })
  for (const path of [upper, work, rootfs]) mkdirSync(path)
  copyFileSync('/bin/busybox', join(lower, 'bin/busybox'))
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(lower, 'bin', applet))
  prepare(lower)
  mountOverlay(rootfs, { lower: [lower], upper: { dir: upper, work } })
  return {
    rootfs,
    lower,
    upper,
    spec: (args, more) => ({
      args,
      env: ['PATH=/bin'],
      cwd: '/',
      user: '',
      rootfs,
      hostname: 'test',
      network: 'new',
      cgroup: `/strake/test-${process.pid}`,
      ...more,
    }),
    [Symbol.dispose]: () => {
      unmount(rootfs)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' }
