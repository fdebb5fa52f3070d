import { parseDockerfile, expand, expandWords, type Instruction } from '../dockerfile/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { ContainerConfig } from '../oci/mod.ts'
