import { StrakeError } from '../lib/mod.ts'

/**
 * Reads a runtime's log (`--log-format json`) for why it could not start a process, and says it in docker's words, with
 * the exit code that docker gives: 127 where there is no such program, 126 where it can't be run, 125 for everything
 * else. Undefined when the log has no error.
 *
 * @param program what was to be started: not every runtime says it
 */
export function startFailure(log: string, program = ''): StrakeError | undefined {
  const said = lastError(log)
  if (said === undefined) return undefined
  // `runc run failed: unable to start container process: exec: "foo": …`
  const text = said.replace(/^.*?unable to start container process: (?:error during container init: )?/, '')
  const message = /^exec: "/.test(text) ? text : (fromCrun(text, program) ?? text)
  return new StrakeError('failed', message, { exitCode: exitCode(message) })
}

/** The same of crun, which does not always say of what. Undefined for all that is not about the program. */
function fromCrun(text: string, program: string): string | undefined {
  const [, missing] = /^executable file [`'"]?([^`'"]+)[`'"]? not found/.exec(text) ?? []
  if (missing !== undefined) {
    return missing.includes('/')
      ? `exec: "${missing}": stat ${missing}: no such file or directory`
      : `exec: "${missing}": executable file not found in $PATH`
  }
  const [, path] = /^the path `(.*)` exists but it is not executable/.exec(text) ?? []
  if (path !== undefined) return `exec: "${path}": permission denied`
  const [, directory] = /^the path `(.*)` is not a regular file/.exec(text) ?? []
  if (directory !== undefined) return `exec: "${directory}": is a directory`
  const [, named = program, why] = /^(?:open executable|exec|exec container process[^`]*`(.*)`): (.*)$/.exec(text) ?? []
  // What is no file, it does not execute: docker's word for that is the kernel's.
  const reason = why?.toLowerCase().replace('operation not permitted', 'permission denied')
  return reason && `exec: "${named}": ${reason}`
}

function exitCode(message: string): number {
  if (!/\bexec\b/.test(message)) return 125
  if (/not found in \$PATH|no such file or directory/i.test(message)) return 127
  if (/permission denied|operation not permitted|is a directory|exec format error/i.test(message)) return 126
  return 125
}

function lastError(log: string): string | undefined {
  for (const line of log.trim().split('\n').reverse()) {
    try {
      const record = JSON.parse(line) as { level?: unknown; msg?: unknown } | null
      if (record?.level === 'error' && typeof record.msg === 'string') return record.msg
    } catch (error) {
      // A line that was cut when the runtime was killed.
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}
