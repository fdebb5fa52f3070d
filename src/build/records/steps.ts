import type { Digest } from '../../oci/mod.ts'
import type { Store } from '../../store/mod.ts'
import type { Account } from './account.ts'
import { keepListing, type Listing, removeListings } from './listing.ts'
import type { BuildRecord } from './types.ts'

/** What is known of a step that was done once. */
export interface KnownStep {
  readonly key: string
  readonly operation: string
  /** Definition key of the root that it changes. */
  readonly parent: string
  /** Those of all its inputs, the parent first. */
  readonly inputs: readonly string[]
  /** The instruction as it is written. */
  readonly text: string
  readonly project: string
  readonly account: Account
  /** Digest of the list of files that it read. */
  readonly files: string | undefined
}

/** Accounts of steps that were done: for telling what is different now, and for walking the cache from a step to its inputs. */
export interface KnownSteps {
  get(key: string): KnownStep | undefined
  /**
   * One with that operation, text or parent: a step of the project's last build if there is one, else the latest, of the same
   * project if there is one.
   */
  latest(
    like: Partial<Pick<KnownStep, 'operation' | 'text' | 'parent' | 'project'>>,
    accept?: (step: KnownStep) => boolean,
  ): KnownStep | undefined
  /** Whether any step of the project was done before. */
  readonly knowsProject: boolean
  /** Which builds belong together: the context and the Dockerfile. */
  readonly project: string
  add(step: Omit<KnownStep, 'project'>, listing: Listing | undefined): void
}

/** How many are looked through for one that is accepted. */
const mostCandidates = 32

export function openKnownSteps(store: Store, project: string): KnownSteps {
  const { db } = store
  const byKey = db.prepare('SELECT * FROM steps WHERE key = ?')
  const insert = db.prepare(
    `INSERT INTO steps (key, operation, parent, inputs, text, project, account, files, done_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET operation = excluded.operation, parent = excluded.parent, inputs = excluded.inputs,
       text = excluded.text, project = excluded.project, account = excluded.account, files = excluded.files,
       done_at = excluded.done_at`,
  )
  const knowsProject = () => db.prepare('SELECT 1 FROM steps WHERE project = ? LIMIT 1').get(project) !== undefined
  let knew: boolean | undefined
  let last: Set<string> | undefined
  return {
    project,
    get knowsProject() {
      knew ??= knowsProject()
      return knew
    },
    get(key) {
      const row = byKey.get(key)
      return row && toStep(row)
    },
    latest(like, accept = () => true) {
      const columns = Object.keys(like)
      const rows = db
        .prepare(
          `SELECT * FROM steps WHERE ${columns.map((column) => `${column} = ?`).join(' AND ')}
           ORDER BY project = ? DESC, done_at DESC LIMIT ${mostCandidates}`,
        )
        .all(...Object.values(like), project)
      const steps = rows.map(toStep).filter(accept)
      last ??= stepsOfLastBuild(store, project)
      return steps.find(({ key }) => last?.has(key)) ?? steps[0]
    },
    add({ key, operation, parent, inputs, text, account, files }, listing) {
      // What this build does is not what it is compared with.
      knew ??= knowsProject()
      if (files && listing) keepListing(store.root, files as Digest, listing)
      const values = [key, operation, parent, JSON.stringify(inputs), text, project, JSON.stringify(account)]
      store.transaction(() => insert.run(...values, files ?? null, Date.now()))
    },
  }
}

/** Definition keys of the steps of the project's last build that ended well. */
function stepsOfLastBuild({ db }: Store, project: string): Set<string> {
  const row = db
    .prepare(
      `SELECT record FROM builds WHERE project = ? AND record ->> '$.status' = 'completed'
       ORDER BY started_at DESC LIMIT 1`,
    )
    .get(project)
  const record = row && (JSON.parse(row.record as string) as BuildRecord)
  return new Set(record?.steps.flatMap(({ key }) => key ?? []))
}

function toStep(row: object): KnownStep {
  const { inputs, account, files, ...rest } = row as Record<'inputs' | 'account', string> &
    Omit<KnownStep, 'inputs' | 'account'>
  return {
    ...rest,
    inputs: JSON.parse(inputs) as string[],
    account: JSON.parse(account) as Account,
    files: files ?? undefined,
  }
}

/** So long an account stays after its record was pruned, in milliseconds. */
const accountsKept = 30 * 24 * 3600 * 1000

/** Forgets steps that were done before `until` (milliseconds since the epoch; 30 days ago) and are in the cache no more. */
export function forgetSteps(store: Store, until = Date.now() - accountsKept): void {
  const { db } = store
  store.transaction(() => {
    db.prepare('DELETE FROM steps WHERE done_at < ? AND key NOT IN (SELECT key FROM cache)').run(until)
  })
  const rows = db.prepare('SELECT DISTINCT files FROM steps WHERE files IS NOT NULL').all()
  removeListings(store.root, new Set(rows.map(({ files }) => files as string)))
}
