// Prints the packages of this distribution that Strake could use and that are not installed.
import { findComponents } from '../src/engine/components.ts'

const missing = (await findComponents()).filter(({ path }) => path === undefined)
console.log([...new Set(missing.flatMap((component) => component.package ?? []))].join(' '))
