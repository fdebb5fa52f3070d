let callers: number | undefined

/**
 * Gives the process the umask of docker's engine, 022, whatever the caller's is: containers see files and folders that it
 * makes (`/etc/hosts`, volumes, mount points), and their users must be able to read them.
 */
export function takeUmask(): void {
  callers ??= process.umask(0o022)
}

/** The mode of a file that is for the caller, less the umask that they have set. */
export function callersMode(mode: number): number {
  return mode & ~(callers ?? 0)
}
