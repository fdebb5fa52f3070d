export const formatHelp = "Format output using a custom template: 'table', 'table TEMPLATE', 'json' or a Go template"

/** A moment as Go prints times: `2024-05-01 10:00:00 +0000 UTC`. */
export function goTime(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000 UTC')
}

/** A moment as RFC 3339 with whole seconds. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z')
}
