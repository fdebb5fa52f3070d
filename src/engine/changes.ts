import { expand, expandWords, type Instruction, parseDockerfile } from '../dockerfile/mod.ts'
import { StrakeError } from '../lib/mod.ts'
import type { ContainerConfig } from '../oci/mod.ts'
