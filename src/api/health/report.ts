// What an administrator would ask about the whole deployment: sections of the wire format, and the doctor's findings.
import { findServer } from '../../../sql/doctor.sql.ts'
import { listDaemons, type ListDaemonsRow } from '../../../sql/health.sql.ts'
import type { HealthReport, HealthSection } from '../../contract/health.ts'
import { DAEMON_STALE_SECONDS } from '../../daemon.ts'
import { checkQueue, checkSchema, checkWorkers, judgeClock } from '../../doctor/database.ts'
import { failed, type Finding, overall } from '../../doctor/finding.ts'
import { VERSION } from '../../version.ts'
import type { ApiContext } from '../route.ts'
import { iso } from '../wire/time.ts'

/** A claim asks a handful of times: at this much for each, people begin to wait. */
const SLOW_DATABASE_MS = 15
const ACCESS_URL_WITHIN_MS = 2_000
const MAX_DAEMONS = 100

const FINE: HealthSection = { healthy: true, severity: 'ok', warnings: [] }
const SEVERITY = { ok: 'ok', warning: 'warning', failed: 'error' } as const

type Asking = Pick<ApiContext, 'db' | 'config' | 'log'>

export async function readReport(context: Asking): Promise<HealthReport> {
  const accessUrl = await readAccessUrl(context.config.accessUrl)
  const { database, provisioner_daemons, checks } = await readDatabase(context)
  const sections = [accessUrl.severity, database.severity, provisioner_daemons.severity, SEVERITY[overall(checks)]]
  const severity = worst(sections)
  return {
    time: new Date().toISOString(),
    healthy: severity !== 'error',
    severity,
    coder_version: VERSION,
    access_url: accessUrl,
    database,
    provisioner_daemons,
    derp: FINE,
    websocket: FINE,
    workspace_proxy: FINE,
    checks,
  }
}

function worst(severities: readonly HealthReport['severity'][]): HealthReport['severity'] {
  if (severities.includes('error')) return 'error'
  return severities.includes('warning') ? 'warning' : 'ok'
}

type OfDatabase = Pick<HealthReport, 'database' | 'provisioner_daemons'> & { checks: Finding[] }

async function readDatabase({ db, log }: Asking): Promise<OfDatabase> {
  try {
    await findServer(db) // may have to connect
    const sentMs = performance.now()
    const { now, isMigrated } = await findServer(db)
    const latencyMs = performance.now() - sentMs
    const differenceMs = now.getTime() - (Date.now() - latencyMs / 2)
    const checks = [await checkSchema(db, isMigrated), judgeClock(differenceMs)]
    checks.push(await checkWorkers(db), await checkQueue(db))
    return {
      database: judgeLatency(latencyMs),
      provisioner_daemons: judgeDaemons(await listDaemons(db, { limit: MAX_DAEMONS })),
      checks,
    }
  } catch (error) {
    log.warn({ err: error }, 'the health report could not ask the database')
    return { database: unreachable(), provisioner_daemons: { ...FINE, items: [] }, checks: [away()] }
  }
}

export function judgeLatency(latencyMs: number): HealthReport['database'] {
  const latency_ms = Math.round(latencyMs * 100) / 100
  const message = `The database took ${latency_ms} ms to answer; claims are slow above ${SLOW_DATABASE_MS} ms.`
  const section = latencyMs > SLOW_DATABASE_MS ? warn('EDB02', message) : FINE
  return { ...section, reachable: true, latency: `${latency_ms}ms`, latency_ms, threshold_ms: SLOW_DATABASE_MS }
}

function unreachable(): HealthReport['database'] {
  const warnings = [{ code: 'EDB01', message: 'The database cannot be reached.' }]
  const section = { healthy: false, severity: 'error', warnings } as const
  return { ...section, reachable: false, latency: '0ms', latency_ms: 0, threshold_ms: SLOW_DATABASE_MS }
}

function away(): Finding {
  return failed('database', 'The database cannot be asked.', 'Look into the log; check that PostgreSQL is running.')
}

export function judgeDaemons(rows: readonly ListDaemonsRow[]): HealthReport['provisioner_daemons'] {
  const items = rows.map((row) => ({
    provisioner_daemon: {
      id: row.id,
      name: row.name,
      host: row.host,
      version: row.version,
      provisioners: row.provisioners,
      created_at: iso(row.createdAt),
      last_seen_at: iso(row.lastSeenAt),
    },
    warnings: warningsOf(row),
  }))
  const isAlive = rows.some(({ silentSeconds }) => silentSeconds < DAEMON_STALE_SECONDS)
  if (!isAlive) return { ...warn('EPD01', 'No worker has reported: nothing is built. Start one.'), items }
  const warnings = items.flatMap((item) => item.warnings)
  return { healthy: true, severity: warnings.length === 0 ? 'ok' : 'warning', warnings, items }
}

function warningsOf({ name, version, silentSeconds }: ListDaemonsRow) {
  const silence = `${name} has been silent for ${Math.round(silentSeconds)} s.`
  return [
    ...(version === VERSION ? [] : [{ code: 'EPD02', message: `${name} is of version ${version}, not ${VERSION}.` }]),
    ...(silentSeconds < DAEMON_STALE_SECONDS ? [] : [{ code: 'EPD03', message: silence }]),
  ]
}

/** By the way that people and agents take: through whatever stands in front. */
async function readAccessUrl(accessUrl: string): Promise<HealthReport['access_url']> {
  const problem = await fetch(`${accessUrl}/healthz`, { signal: AbortSignal.timeout(ACCESS_URL_WITHIN_MS) }).then(
    async (response) => {
      await response.body?.cancel()
      return response.ok ? undefined : `answers ${response.status}`
    },
    (error: unknown) => `cannot be reached from here: ${error instanceof Error ? error.message : String(error)}`,
  )
  if (problem === undefined) return { ...FINE, access_url: accessUrl, reachable: true }
  return { ...warn('EACS03', `${accessUrl} ${problem}.`), access_url: accessUrl, reachable: false }
}

function warn(code: string, message: string): HealthSection {
  return { healthy: true, severity: 'warning', warnings: [{ code, message }] }
}
