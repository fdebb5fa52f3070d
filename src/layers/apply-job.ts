import { applyLayer } from './apply.ts'
import { Growth } from './growth.ts'
import type { ApplyJob } from './jobs.ts'
import type { AppliedLayer } from './types.ts'

export function performApply({ dir, fd, growth, lower, below }: ApplyJob): Promise<AppliedLayer> {
  const waitForLower = () => {
    for (const shared of below) new Growth(shared).wait()
  }
  return applyLayer(dir, new Growth(growth).read(fd), { lower, waitForLower })
}
