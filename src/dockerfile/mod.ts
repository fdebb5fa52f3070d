export { expand, expandHeredoc, expandWords, variables } from './expand.ts'
export { commandScript } from './heredoc.ts'
export { parseDockerfile, parseTrigger } from './parse.ts'
export type * from './types.ts'
