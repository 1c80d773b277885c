// What the database says: about itself, and about those who work on it.
import { IANAZone } from 'luxon'
import { openDatabase, type Pool } from '../../sql/database.ts'
import {
  findLongestWait,
  findServer,
  findServerPrepared,
  findWorkers,
  listMigrations,
  listUnknownZones,
} from '../../sql/doctor.sql.ts'
import { MIGRATIONS_FOLDER, MINIMUM_SERVER_VERSION, readMigrations } from '../../sql/migrate.ts'
import type { Config } from '../config.ts'
import { DAEMON_STALE_SECONDS } from '../daemon.ts'
import { ZONE_NAMES } from '../domain/zoneNames.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

/** Expiry and windows are to the second; what a person compares is the database's clock with their own. */
const CLOCK_WARNING_MS = 1_000
/** As long as a worker's silence before it counts as dead. */
const CLOCK_FAILED_MS = 30_000
/** A worker looks every 10 seconds even when nothing wakes it; more means that nobody works, or too few do. */
const WAIT_WARNING_SECONDS = 60
const SHOWN = 3
/** A pooler gives each of these another session, sooner or later. */
const PREPARED_ATTEMPTS = 4

export async function checkDatabase({ name, url }: { name: string; url: string }, config: Config): Promise<Finding[]> {
  const where = placeOf(url)
  let db: Pool
  try {
    db = await openDatabase(url, { maxPoolSize: 2, prepared: config.prepared })
  } catch (error) {
    return [unreachable(name, { where, error })]
  }
  try {
    return await ask(db, { name, where, config })
  } finally {
    await db.end()
  }
}

type Asked = { name: string; where: string; config: Config }

async function ask(db: Pool, { name, where, config }: Asked): Promise<Finding[]> {
  try {
    await findServer(db) // connects, which would count as a difference of the clocks
    const sentMs = Date.now()
    const { version, isMigrated, now } = await findServer(db)
    const differenceMs = now.getTime() - (sentMs + Date.now()) / 2
    const server = judgeVersion(name, { version, where })
    if (server.status === 'failed') return [server]
    const schema = await checkSchema(db, isMigrated)
    const findings = [server, schema, await checkPrepared(db, config), judgeClock(differenceMs), await checkZones(db)]
    if (schema.status === 'ok') findings.push(await checkWorkers(db), await checkQueue(db))
    return findings
  } catch (error) {
    return [unreachable(name, { where, error })]
  }
}

/** Without user and password. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'the given address'
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

function unreachable(name: string, { where, error }: { where: string; error: unknown }): Finding {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
  return failed(name, `${where} cannot be asked: ${reason}.`, 'Check its address, and that PostgreSQL is running.')
}

export function judgeVersion(name: string, { version, where }: { version: string; where: string }): Finding {
  if (Number.parseInt(version, 10) >= MINIMUM_SERVER_VERSION) return ok(name, `PostgreSQL ${version} at ${where}`)
  const needed = `Daybreak needs ${MINIMUM_SERVER_VERSION} or newer`
  return failed(name, `PostgreSQL ${version} at ${where} is too old: ${needed}.`, 'Upgrade it, or use another server.')
}

export async function checkSchema(db: Pool, isMigrated: boolean): Promise<Finding> {
  const known = readMigrations(MIGRATIONS_FOLDER)
  const applied = isMigrated ? await listMigrations(db) : []
  return judgeSchema(applied, known)
}

type Migration = { name: string; checksum: string }

export function judgeSchema(applied: readonly Migration[], known: readonly Migration[]): Finding {
  for (const [i, { name, checksum }] of applied.entries()) {
    if (known[i]?.name !== name) {
      const message = `The database has migration ${name}, this build does not.`
      return failed('schema', message, 'Install the newer build again.')
    }
    if (known[i]?.checksum !== checksum) {
      return failed(
        'schema',
        `Migration ${name} was changed after it was applied.`,
        'Install the build that applied it.',
      )
    }
  }
  const pending = known.slice(applied.length).map(({ name }) => name)
  if (pending.length === 0)
    return ok('schema', `${applied.length} migrations applied, the last is ${applied.at(-1)?.name}`)
  return failed('schema', `Pending migrations: ${pending.join(', ')}.`, 'Run daybreak migrate.')
}

async function checkPrepared(db: Pool, { prepared }: Config): Promise<Finding> {
  if (!prepared) return ok('prepared statements', 'off, as DAYBREAK_PREPARED says: claims cost a little more')
  try {
    for (let i = 0; i < PREPARED_ATTEMPTS; i++) {
      await Promise.all([findServerPrepared(db), findServerPrepared(db)])
    }
    return ok('prepared statements', 'on')
  } catch (error) {
    const message = `Prepared statements do not work: ${(error as Error).message}`
    return failed('prepared statements', message, 'Behind a pooler that cannot keep them, set DAYBREAK_PREPARED=off.')
  }
}

export function judgeClock(differenceMs: number): Finding {
  const far = Math.abs(differenceMs)
  const direction = differenceMs > 0 ? 'ahead of' : 'behind'
  const message = `The database's clock is ${(far / 1000).toFixed(3)} s ${direction} this machine's`
  const hint = 'Let both follow the same time servers (NTP).'
  if (far > CLOCK_FAILED_MS) return failed('clock', `${message}.`, hint)
  return far > CLOCK_WARNING_MS ? warning('clock', `${message}.`, hint) : ok('clock', message)
}

async function checkZones(db: Pool): Promise<Finding> {
  const names = [...ZONE_NAMES]
  const missing = {
    Node: names.filter((name) => !IANAZone.isValidZone(name)),
    PostgreSQL: (await listUnknownZones(db, { names, limit: names.length })).map(({ name }) => name),
  }
  for (const [who, unknown] of Object.entries(missing)) {
    if (unknown.length === 0) continue
    const some = `${unknown.slice(0, SHOWN).join(', ')}${unknown.length > SHOWN ? ', …' : ''}`
    const message = `${who} does not know ${unknown.length} of ${names.length} time zones: ${some}.`
    return warning('time zones', message, `Update the time-zone data of ${who}.`)
  }
  return ok('time zones', `Node has tz ${process.versions['tz']}; it and PostgreSQL know all ${names.length} names`)
}

export async function checkWorkers(db: Pool): Promise<Finding> {
  const { alive, silent } = await findWorkers(db, { staleSeconds: DAEMON_STALE_SECONDS })
  const gone = silent === 0 ? '' : `; ${silent} went silent`
  if (alive > 0) return ok('workers', `${alive} reported within ${DAEMON_STALE_SECONDS} s${gone}`)
  const hint = 'Start one: daybreak server --role worker. Without it nothing is built.'
  return warning('workers', `No worker has reported within ${DAEMON_STALE_SECONDS} s${gone}.`, hint)
}

export async function checkQueue(db: Pool): Promise<Finding> {
  const { jobSeconds, buildSeconds } = await findLongestWait(db)
  return judgeWait({ jobSeconds, buildSeconds })
}

type Wait = { jobSeconds: number | null; buildSeconds: number | null }

export function judgeWait({ jobSeconds, buildSeconds }: Wait): Finding {
  const longest = Math.max(jobSeconds ?? 0, buildSeconds ?? 0)
  if (longest <= WAIT_WARNING_SECONDS) return ok('queue', `nothing waits longer than ${Math.ceil(longest)} s`)
  const what = longest === buildSeconds ? 'A build or import' : 'A job'
  const hint = 'Look at the log of the workers; more of them, or more at once, take up more.'
  return warning('queue', `${what} has waited for ${Math.round(longest)} s.`, hint)
}
