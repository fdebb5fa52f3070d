import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enter, startDocker } from '../support/peers.ts'
import type { Case } from './cases.ts'
import { type Picture, picture } from './compare.ts'
import { writeBases, writeContext } from './context.ts'

/** Docker as the oracle: builds cases from the same context and the same bases as Strake. */
export class Docker implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'strake-conformance-'))

  constructor() {
    startDocker()
    mkdirSync(join(this.#dir, 'context'))
    writeContext(join(this.#dir, 'context'))
    writeBases(this.#dir)
    cpSync(join(import.meta.dirname, 'cases'), join(this.#dir, 'cases'), { recursive: true })
    enter(this.#dir, 'for base in base onbuild; do docker load -q -i $base.tar; done')
  }

  build({ name, args, base }: Case): Picture {
    const tag = `conformance-case/${name}`
    const options = args.map((arg) => `'${arg}'`).join(' ')
    enter(
      this.#dir,
      `docker build -q --no-cache -t ${tag} ${options} -f cases/${name}.Dockerfile context
       docker save -o image.tar ${tag}; docker rmi -f ${tag}`,
    )
    return picture(readFileSync(join(this.#dir, 'image.tar')), base)
  }

  [Symbol.dispose](): void {
    enter(this.#dir, 'docker rmi -f conformance/base:1 conformance/onbuild:1')
    rmSync(this.#dir, { recursive: true })
  }
}
