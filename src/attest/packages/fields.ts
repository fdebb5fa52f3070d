/** Fields of one paragraph by name, in lower case; of a field that is there twice the first. */
export type Paragraph = ReadonlyMap<string, string>

/**
 * The paragraphs of a text in the form of mail headers: dpkg's databases (deb-control(5)) and Python's metadata. Lines
 * that begin with a blank continue the field above.
 */
export function* paragraphsOf(text: string): Generator<Paragraph> {
  let fields = new Map<string, string>()
  let name: string | undefined
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      if (fields.size > 0) yield fields
      fields = new Map()
      name = undefined
    } else if (/^[ \t]/.test(line)) {
      if (name !== undefined) fields.set(name, `${fields.get(name)}\n${line.trim()}`)
    } else {
      const colon = line.indexOf(':')
      const key = line.slice(0, Math.max(0, colon)).trim().toLowerCase()
      // A second one of that name is dropped, with the lines that continue it.
      name = key === '' || fields.has(key) ? undefined : key
      if (name !== undefined) fields.set(name, line.slice(colon + 1).trim())
    }
  }
  if (fields.size > 0) yield fields
}

/** The value, if there is one that says something. */
export function said(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value === 'UNKNOWN' ? undefined : value
}

/** The first line of a longer text. */
export function firstLine(value: string | undefined): string | undefined {
  return said(value?.split('\n', 1)[0])
}
