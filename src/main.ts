import { main, openTerminal } from './cli/mod.ts'

main(process.argv.slice(2), openTerminal()).then((code) => process.exit(code))
