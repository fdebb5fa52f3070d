/** How runtimes begin when they say why a process can't be started: runc, and crun, which says it in JSON at the last moment. */
const beginnings = [
  'runc run failed: ',
  'exec failed: ',
  'executable file `',
  'open executable: ',
  'the path `',
  'exec: ',
  'setrlimit `',
  '{"msg":"exec container process ',
].map((text) => Buffer.from(text))

/**
 * A runtime says why it could not start a process not only in its log but also on the standard error that will be the
 * process' own. Where that is the first thing that comes, it is held back, and given out only if it was the process' after all.
 */
export function holdBackComplaint(stream: NodeJS.ReadableStream, write: (chunk: Buffer) => void): Complaint {
  let held: Buffer[] | undefined = []
  const release = () => {
    for (const chunk of held ?? []) write(chunk)
    held = undefined
  }
  stream.on('data', (chunk: Buffer) => {
    if (!held) return write(chunk)
    held.push(chunk)
    const [first] = held
    if (!beginnings.some((text) => first!.subarray(0, text.length).equals(text.subarray(0, first!.length)))) release()
  })
  return { text: () => Buffer.concat(held ?? []).toString(), release }
}

export interface Complaint {
  /** What is held back. */
  text(): string
  release(): void
}
