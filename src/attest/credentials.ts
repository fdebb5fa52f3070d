/** What names of query parameters have in them that sign a request or let somebody in. */
const secretName = /token|secret|signature|sig|passw|credential|api[-_]?key|auth/i

/**
 * The text with no credentials in its URLs: names and passwords before the host are left out (an ssh user without a
 * password is none), and values of parameters such as `token` or `X-Amz-Signature` are masked.
 */
export function withoutCredentials(text: string): string {
  if (!text.includes('://')) return text
  // Neither looks at a character more than twice: what comes after one start is no part of what comes after the next.
  return text
    .replace(/(ssh)?:\/\/([^\s/?#"'@]+)@/gi, (whole, ssh: string | undefined, user: string) =>
      ssh && !user.includes(':') ? whole : `${ssh ?? ''}://`,
    )
    .replace(/([?&][^=&?#\s]*=)[^&#\s"']+/g, (whole, name: string) => (secretName.test(name) ? `${name}xxxxx` : whole))
}
