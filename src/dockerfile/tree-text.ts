import { type Node, readDocument } from './nodes.ts'
import { parseDocument } from './parse.ts'
import type { Token } from './source.ts'

/**
 * How the Dockerfile is split into parts, one instruction a line, as S-expressions: `(copy ["--link"] "a" "/b")`. It is the
 * form of BuildKit's parser.
 *
 * @param file what the ranges of errors say
 * @throws `invalid`, as `parseDockerfile`
 */
export function treeText(text: string | Uint8Array, file: string): string {
  const document = readDocument(text, file)
  parseDocument(document)
  return document.nodes.map((node) => `${nodeText(node)}\n`).join('')
}

export function nodeText(node: Node): string {
  const parts = [node.name]
  if (node.flags.length > 0) parts.push(`[${texts(node.flags).join(' ')}]`)
  if (node.trigger) parts.push(nodeText(node.trigger))
  else if (['env', 'label'].includes(parts[0]!)) {
    for (let i = 0; i < node.args.length; i += 2) {
      parts.push(...texts(node.args.slice(i, i + 2)), quote(node.oldForm ? '' : '='))
    }
  } else parts.push(...texts(node.args))
  return `(${parts.join(' ')})`
}

const texts = (tokens: readonly Token[]) => tokens.map(({ text }) => quote(text))

/** A Go string literal. */
const quote = (text: string) =>
  JSON.stringify(text)
    .replaceAll('\\u0000', '\\x00')
    .replaceAll(/\\u00([0-9a-f]{2})/g, '\\x$1')
