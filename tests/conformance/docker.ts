import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enter, startDocker } from '../support/peers.ts'
import { bases, writeBases } from './bases.ts'
import { type Case, flatName, type Outcome } from './cases.ts'
import { picture } from './compare.ts'
import { writeContext } from './context.ts'

/** Docker as the oracle: builds cases from the same context and the same bases as Strake. */
export class Docker implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'strake-conformance-'))

  constructor() {
    startDocker()
    mkdirSync(join(this.#dir, 'context'))
    writeContext(join(this.#dir, 'context'))
    writeBases(this.#dir)
    cpSync(join(import.meta.dirname, 'cases'), join(this.#dir, 'cases'), { recursive: true })
  }

  /** Whether Docker has what the case needs. */
  can({ labs }: Case): boolean {
    const look = 'docker image inspect docker/dockerfile:1-labs >inspected 2>&1 && echo yes || true'
    return !labs || enter(this.#dir, look) === 'yes\n'
  }

  /** Each case gets a context of its own name: BuildKit keeps what it was sent under one, and mends it with other times. */
  build(one: Case): Outcome {
    const tag = `conformance-case/${flatName(one)}`
    const options = one.args.map((arg) => `'${arg}'`).join(' ')
    enter(
      this.#dir,
      `docker image inspect ${bases.map((base) => `conformance/${base}:1`).join(' ')} >inspected 2>&1 || for base in ${bases.join(' ')}; do docker load -q -i $base.tar; done
       rm -rf image.tar context-*; cp -a context context-${flatName(one)}
       if docker build -q --no-cache -t ${tag} ${options} -f 'cases/${one.name}.Dockerfile' context-${flatName(one)} 2>error
       then docker save -o image.tar ${tag}; docker rmi -f ${tag}; fi`,
    )
    const archive = join(this.#dir, 'image.tar')
    if (existsSync(archive)) return picture(readFileSync(archive), one.dated)
    return { refused: refusal(readFileSync(join(this.#dir, 'error'), 'utf8')) }
  }

  /** The bases stay in Docker, and are loaded when they are not there: another run may be building on them. */
  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true })
  }
}

/** The message, without what leads to it, the word that may have been meant (a hint of ours), and what would be another one at
 * another place or time. */
function refusal(stderr: string): string {
  const at = stderr.lastIndexOf('\nERROR: ')
  const message = stderr.slice(at < 0 ? 0 : at + 1).trim()
  return message
    .replace(/^ERROR: (failed to build: )?(failed to solve: )?(failed to run Build function: )?/, '')
    .replace(/^failed to compute cache key: /, '')
    .replace(/failed to calculate checksum of ref \S+: /, '')
    .replace(/\/var\/lib\/docker\/overlay2\/\w+\/merged/, '')
    .replace(/ \(did you mean .*\)$/, '')
    .replace(/^(.*): failed to resolve source metadata for .*/s, '$1: not found')
}
