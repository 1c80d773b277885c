// For whatever balances load or restarts processes, at the root and without a token: they say no more than they must.
import { Router } from 'express'
import { setTimeout as sleep } from 'node:timers/promises'
import { listMigrations } from '../../../sql/doctor.sql.ts'
import { MIGRATIONS_FOLDER, readMigrations } from '../../../sql/migrate.ts'
import type { Db } from '../../../sql/database.ts'
import type { ApiContext } from '../route.ts'

/** Longer, and whoever asks has given up. */
const ANSWER_WITHIN_MS = 2_000

export function probes({ db, log }: Pick<ApiContext, 'db' | 'log'>): Router {
  const router = Router()
  const isCurrent = watchSchema(db)

  /** The process answers. Not the database: to restart us would not bring it back. */
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text/plain').send('OK')
  })

  /** Requests may be sent here. */
  router.get('/readyz', async (request, response) => {
    const why = request.app.locals.draining === true ? 'This server is stopping.' : await findObstacle()
    response.set('Cache-Control', 'no-store').type('text/plain')
    response.status(why === undefined ? 200 : 503).send(why ?? 'OK')
  })

  async function findObstacle(): Promise<string | undefined> {
    const asked = isCurrent().then(
      (current) => (current ? undefined : 'The database waits for migrations: run daybreak migrate.'),
      (error: unknown) => {
        log.warn({ err: error }, 'not ready: the database cannot be asked')
        return 'The database is not reachable.'
      },
    )
    return await Promise.race([asked, sleep(ANSWER_WITHIN_MS, 'The database does not answer in time.', { ref: false })])
  }

  return router
}

/** A database that is newer is fine: while a release starts, processes of the one before still serve. */
function watchSchema(db: Db): () => Promise<boolean> {
  const known = readMigrations(MIGRATIONS_FOLDER).map(({ name }) => name)
  return async () => {
    const applied = new Set((await listMigrations(db)).map(({ name }) => name))
    return known.every((name) => applied.has(name))
  }
}
