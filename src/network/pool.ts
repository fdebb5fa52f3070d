import { createNetworkNamespace, processIdentity } from '../host/mod.ts'
import type { NamespacePool, NetworkDriver, PooledNamespace } from './types.ts'

let count = 0

/** A pool on a network: wiring a namespace costs milliseconds, so that steps that follow each other share one. */
export function namespacePool(driver: NetworkDriver): NamespacePool {
  const idle: PooledNamespace[] = []
  const made: Disposable[] = []

  async function make(): Promise<PooledNamespace> {
    const owner = `build ${processIdentity(process.pid)} ${++count}`
    const namespace = createNetworkNamespace()
    try {
      const endpoint = await driver.attach(owner, namespace.path)
      made.push({
        [Symbol.dispose]() {
          namespace[Symbol.dispose]()
          void driver.detach(owner)
        },
      })
      const pooled: PooledNamespace = { path: namespace.path, endpoint, [Symbol.dispose]: () => void idle.push(pooled) }
      return pooled
    } catch (error) {
      namespace[Symbol.dispose]()
      throw error
    }
  }

  return {
    acquire: async () => idle.pop() ?? make(),
    [Symbol.dispose]() {
      idle.length = 0
      for (const namespace of made.splice(0)) namespace[Symbol.dispose]()
    },
  }
}
