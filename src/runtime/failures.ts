import { StrakeError } from '../lib/mod.ts'

/**
 * Reads a runtime's log (`--log-format json`) for why it could not start a process, and says it in docker's words, with
 * the exit code that docker gives: 127 where there is no such program, 126 where it can't be run, 125 for everything
 * else. Undefined when the log has no error.
 */
export function startFailure(log: string): StrakeError | undefined {
  const said = lastError(log)
  if (said === undefined) return undefined
  // `runc run failed: unable to start container process: exec: "foo": …`, or with an error of crun's.
  const text = said.replace(/^.*?unable to start container process: (?:error during container init: )?/, '')
  const [, crunName] = /executable file [`'"]?([^`'"]+)[`'"]? not found/.exec(text) ?? []
  const message = /^exec: /.test(text) || !crunName ? text : `exec: "${crunName}": executable file not found in $PATH`
  return new StrakeError('failed', message, { exitCode: exitCode(message) })
}

function exitCode(message: string): number {
  if (!/\bexec\b/.test(message)) return 125
  if (/not found in \$PATH|no such file or directory/i.test(message)) return 127
  if (/permission denied|is a directory|exec format error/i.test(message)) return 126
  return 125
}

function lastError(log: string): string | undefined {
  for (const line of log.trim().split('\n').reverse()) {
    try {
      const record = JSON.parse(line) as { level?: unknown; msg?: unknown }
      if (record.level === 'error' && typeof record.msg === 'string') return record.msg
    } catch (error) {
      // A line that was cut when the runtime was killed.
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}
