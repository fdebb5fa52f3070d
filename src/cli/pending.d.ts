// Verbs of the table whose files are still to come. This file goes with the last of them.
declare module '*/commands/run.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/exec.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/ps.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/attach.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/container-prune.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/create.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/kill.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/logs.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/port.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/restart.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/rm.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/start.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/stop.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/volume-create.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/volume-inspect.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/volume-ls.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/volume-prune.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/volume-rm.ts' {
  const command: import('./command.ts').Command
  export default command
}
declare module '*/commands/wait.ts' {
  const command: import('./command.ts').Command
  export default command
}
