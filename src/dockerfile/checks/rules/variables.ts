import type { Step } from '../../evaluated.ts'
import type { RuleText } from '../types.ts'
import { isOwn, stepsOf, tokenRange } from './places.ts'

export const undefinedVar: RuleText = {
  name: 'UndefinedVar',
  level: 'warning',
  reached: true,
  description: 'Variables should be defined before their use',
  reason:
    'A variable that is not set is the empty string: most often its name is misspelt, or ARG is missing in this stage.',
  fix: 'Set it with ARG or ENV in the same stage, before it is used.',
  bad: 'FROM alpine:3\nCOPY $SRC /app',
  good: 'FROM alpine:3\nARG SRC=src\nCOPY $SRC /app',
  *find({ stages }) {
    for (const { steps } of stages) {
      for (const step of steps.filter(({ unset }) => unset.length > 0)) {
        const places = new Map<string, number>()
        for (const { name, meant } of step.unset) {
          const message = `Usage of undefined variable '$${name}'${meant ? ` (did you mean $${meant}?)` : ''}`
          yield { message, range: step.range, at: place(step, name, places) }
        }
      }
    }
  },
}

/** Where the variable stands in the instruction: the first place, then the next one. */
function place(step: Step, name: string, places: Map<string, number>) {
  if (!isOwn(step)) return undefined
  const { node } = step
  const { text } = node.line
  for (let at = text.indexOf('$', places.get(name) ?? 0); at >= 0; at = text.indexOf('$', at + 1)) {
    const start = text[at + 1] === '{' ? at + 2 : at + 1
    if (!text.startsWith(name, start) || /[\w]/.test(text[start + name.length] ?? '')) continue
    places.set(name, at + 1)
    const end = start + name.length + (text[start + name.length] === '}' ? 1 : 0)
    return node.line.range(at, end)
  }
  return undefined
}

const secrets = new Set([
  ...['apikey', 'auth', 'credential', 'credentials', 'key', 'password', 'pword', 'passwd', 'secret', 'token'],
])

/** By the words that the name is made of. */
function isSecret(name: string): boolean {
  const words = name.toLowerCase().split('_')
  return words.some((word) => secrets.has(word)) && !words.includes('public')
}

export const secretsUsedInArgOrEnv: RuleText = {
  name: 'SecretsUsedInArgOrEnv',
  level: 'warning',
  reached: true,
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  reason: 'Values of ARG and ENV stay in the image and its history, for everyone who gets it.',
  fix: 'Give it to the one step that needs it: RUN --mount=type=secret,id=…',
  bad: 'ARG AWS_SECRET_ACCESS_KEY\nRUN aws s3 cp s3://bucket/data .',
  good: 'RUN --mount=type=secret,id=aws,target=/root/.aws/credentials aws s3 cp s3://bucket/data .',
  *find({ stages }) {
    for (const checked of stages) {
      for (const step of stepsOf(checked, 'arg', 'env').filter(({ words }) => words.some(isSecret))) {
        const { kind } = step.instruction
        for (const [i, name] of step.words.entries()) {
          if (!isSecret(name)) continue
          const token = step.node.args[kind === 'env' ? 2 * i : i]
          const message = `Do not use ARG or ENV instructions for sensitive data (${kind.toUpperCase()} ${JSON.stringify(name)})`
          yield { message, range: step.range, at: isOwn(step) && token ? tokenRange(step.node, token) : undefined }
        }
      }
    }
  },
}
