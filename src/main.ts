import { main, openTerminal } from './cli/mod.ts'

process.exit(await main(process.argv.slice(2), openTerminal()))
