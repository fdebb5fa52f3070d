// Verbs of the table whose files are still to come. This file goes with the last of them.
declare module '*/commands/images.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/bootstrap.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/history.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/image-prune.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/import.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/inspect.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/load.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/rmi.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/save.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/tag.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/system-prune.ts' {
  const command: import('./command.ts').Command
  export default command
}
