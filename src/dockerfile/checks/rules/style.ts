import { commentsBefore } from '../../evaluate.ts'
import type { Node } from '../../nodes.ts'
import type { Edit, RuleText } from '../types.ts'
import { editOf, stepsOf, tokenRange } from './places.ts'

export const noEmptyContinuation: RuleText = {
  name: 'NoEmptyContinuation',
  level: 'warning',
  description: 'Empty continuation lines will become errors in a future release',
  reason: 'An empty line looks like the end of the instruction, and is not.',
  fix: 'Take the empty line out, or put a comment there.',
  bad: 'RUN make && \\\n\n    make install',
  good: 'RUN make && \\\n    make install',
  *find({ document: { source, nodes } }) {
    for (const node of nodes.filter(({ emptyLine }) => emptyLine)) {
      // Docker names the last line that the instruction takes.
      const start = node.taken - source.position(node.taken).column + 1
      yield { message: 'Empty continuation line', range: source.range(start, node.taken), edits: emptyLines(node) }
    }
  },
}

/** Takes out the empty lines between an instruction's first and last text. */
function emptyLines(node: Node): readonly Edit[] {
  const { text } = node.line.source
  const edits: Edit[] = []
  const start = node.line.offset(0)
  const end = node.line.offset(Math.max(0, node.line.text.length - 1))
  for (const match of text.slice(start, end).matchAll(/(?<=\n)[ \t\r\f\v]*\n/g)) {
    edits.push({ start: start + match.index, end: start + match.index + match[0].length, text: '' })
  }
  return edits
}

export const legacyKeyValueFormat: RuleText = {
  name: 'LegacyKeyValueFormat',
  level: 'warning',
  description: 'Legacy key/value format with whitespace separator should not be used',
  reason: 'Only one pair fits into an instruction, and it is not plain to see where the value ends.',
  fix: 'Put = between name and value, and quotes around a value with blanks.',
  bad: 'ENV NAME some value',
  good: 'ENV NAME="some value"',
  *find({ document: { nodes, escape } }) {
    for (const node of nodes.filter(({ oldForm }) => oldForm)) {
      const { text } = node.keyword
      yield {
        message: `"${text} key=value" should be used instead of legacy "${text} key value" format`,
        range: node.range,
        at: tokenRange(node, node.rest),
        edits: newForm(node, escape),
      }
    }
  },
}

/** `name=value` with the same value: in double quotes where it has blanks and no quotes of its own. */
function newForm(node: Node, escape: string): readonly Edit[] {
  const [name, value] = node.args
  if (!name || !value || node.line.breaks(name.start, value.end - 1).length > 0) return []
  const plain = !/[\s\u0085"'`\\]/.test(value.text)
  const blanks = /[ \t]/.test(value.text) && !/["'`\\\n\r]/.test(value.text)
  if (/[\s\u0085"'`\\=]/.test(name.text) || value.text.includes(escape) || !(plain || blanks)) return []
  return editOf(node, { start: name.start, end: value.end }, `${name.text}=${plain ? value.text : `"${value.text}"`}`)
}

export const maintainerDeprecated: RuleText = {
  name: 'MaintainerDeprecated',
  level: 'warning',
  description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  reason: 'A label is seen by inspect and by registries, and can be looked for.',
  fix: 'Write LABEL org.opencontainers.image.authors=… instead.',
  bad: 'MAINTAINER jane@example.org',
  good: 'LABEL org.opencontainers.image.authors="jane@example.org"',
  *find({ stages }) {
    for (const { node } of stages.flatMap((stage) => stepsOf(stage, 'maintainer'))) {
      const value = node.rest.text
      const simple = !/[\x00-\x1f"'`\\$]/.test(value) && node.flags.length === 0
      const keyword = node.keyword.text === 'maintainer' ? 'label' : 'LABEL'
      const label = `${keyword} org.opencontainers.image.authors=${JSON.stringify(value)}`
      yield {
        message: 'Maintainer instruction is deprecated in favor of using label',
        range: node.range,
        at: tokenRange(node, node.keyword),
        edits: simple ? editOf(node, { start: node.keyword.start, end: node.rest.end }, label) : [],
      }
    }
  },
}

export const invalidDefinitionDescription: RuleText = {
  name: 'InvalidDefinitionDescription',
  level: 'warning',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  reason:
    'The comment right above an ARG or a FROM with a name is what an outline of the file shows as its description.',
  fix: 'Begin the comment with the name, or put an empty line below it.',
  bad: '# The version to build.\nARG VERSION',
  good: '# VERSION The version to build.\nARG VERSION',
  experimental: true,
  *find({ document, globals, stages }) {
    const comments = commentsBefore(document)
    const names = new Map(stages.map(({ node, stage }) => [node, stage.name === undefined ? [] : [stage.name]]))
    for (const { node, instruction } of [...globals, ...stages.flatMap(({ steps }) => steps)]) {
      if (instruction.kind === 'arg') {
        names.set(
          node,
          instruction.args.map(({ name }) => name),
        )
      }
    }
    for (const node of document.nodes) {
      const text = comments.get(node)
      const [first, second] = names.get(node) ?? []
      if (!text || first === undefined || names.get(node)!.includes(text.split(' ')[0]!)) continue
      const shown = second === undefined ? first : '<arg_key>'
      const message = `Comment for ${node.keyword.text.toUpperCase()} should follow the format: \`# ${shown} <description>\``
      yield { message, range: node.range, at: tokenRange(node, node.keyword) }
    }
  },
}
