export { main } from './main.ts'
export { openTerminal } from './terminal.ts'
