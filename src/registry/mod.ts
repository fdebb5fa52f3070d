export * from './wire/mod.ts'
