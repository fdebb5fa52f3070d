/**
 * runc says why it could not start a process not only in its log but also on the standard error that will be the process'
 * own. Where that is the first thing that comes, it is held back, and given out only if it was the process' after all.
 *
 * @param complaint how runc's words begin
 */
export function holdBackComplaint(
  stream: NodeJS.ReadableStream,
  complaint: string,
  write: (chunk: Buffer) => void,
): { release(): void } {
  const beginning = Buffer.from(complaint)
  let held: Buffer[] | undefined = []
  const release = () => {
    for (const chunk of held ?? []) write(chunk)
    held = undefined
  }
  stream.on('data', (chunk: Buffer) => {
    if (!held) return write(chunk)
    held.push(chunk)
    if (!held[0]!.subarray(0, beginning.length).equals(beginning.subarray(0, held[0]!.length))) release()
  })
  return { release }
}
