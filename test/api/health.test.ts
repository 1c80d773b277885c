import test from 'ava'
import { sql } from 'slonik'
import { judgeDaemons, judgeLatency } from '../../src/api/health/report.ts'
import {
  checkForUpdate,
  getAppearance,
  getBuildInfo,
  getEntitlements,
  getSshConfig,
  listAvailableExperiments,
  listExperiments,
  listRegions,
} from '../../src/contract/deployment.ts'
import { getHealthReport } from '../../src/contract/health.ts'
import { VERSION } from '../../src/version.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { aPerson } from './people.ts'

const noQuery = { query: {} }

test('a process that answers is alive, and one whose schema waits for migrations is not ready', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const probe = async (path: string) => {
    const response = await fetch(server.url + path)
    t.is(response.headers.get('cache-control'), 'no-store')
    return { status: response.status, text: await response.text() }
  }
  t.deepEqual(await probe('/healthz'), { status: 200, text: 'OK' })
  t.deepEqual(await probe('/readyz'), { status: 200, text: 'OK' })
  await server.db.query(
    sql.unsafe`insert into daybreak.migrations (name, checksum) values ('9999-of-a-newer-build', '')`,
  )
  t.is((await probe('/readyz')).status, 200)
  await server.db.query(sql.unsafe`delete from daybreak.migrations where name like '0007%'`)
  t.deepEqual(await probe('/readyz'), {
    status: 503,
    text: 'The database waits for migrations: run daybreak migrate.',
  })
  await server.db.query(sql.unsafe`alter table daybreak.migrations rename to no_migrations`)
  t.deepEqual(await probe('/readyz'), { status: 503, text: 'The database is not reachable.' })
  t.is((await probe('/healthz')).status, 200)
})

test('the deployment has an id that every process and every start of it gives', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const first = await server.client(getBuildInfo, {})
  t.regex(first.deployment_id, /^[0-9a-f-]{36}$/)
  t.is(first.version, VERSION)
  const other = await startServer(t, { role: 'api', place: server.place })
  t.is((await other.client(getBuildInfo, {})).deployment_id, first.deployment_id)
  await server.stop()
  const again = await server.restart()
  t.is((await again.client(getBuildInfo, {})).deployment_id, first.deployment_id)
})

test('clients of the wire format find the shapes that they look for', async (t) => {
  const { client, url } = await startServer(t, { role: 'api' })
  t.deepEqual(await client(listExperiments, {}), [])
  t.deepEqual(await client(listAvailableExperiments, {}), { safe: [] })
  t.deepEqual(await client(listRegions, {}), { regions: [] })
  t.like(await client(getSshConfig, {}), { hostname_prefix: 'coder.', ssh_config_options: {} })
  t.like(await client(getAppearance, {}), { application_name: 'Daybreak', announcement_banners: [] })
  t.like(await client(getEntitlements, {}), { features: {}, has_license: false })
  t.like(await client(checkForUpdate, {}), { current: true, version: VERSION })
  t.is((await fetch(`${url}/api/v2/appearance`)).status, 200)
  t.is((await fetch(`${url}/api/v2/experiments`)).status, 401)
})

test('the report names what is wrong, and is for those who may debug the server', async (t) => {
  const server = await startServer(t)
  const report = await server.client(getHealthReport, noQuery)
  t.true(report.healthy)
  t.like(report.access_url, { reachable: true, access_url: server.url })
  t.true(report.database.reachable)
  t.is(report.provisioner_daemons.items.length, 1)
  t.is(report.provisioner_daemons.items[0]!.provisioner_daemon.version, VERSION)
  t.deepEqual(
    report.checks.map(({ check }) => check),
    ['schema', 'clock', 'workers', 'queue'],
  )
  const { client } = await aPerson(server)
  await t.throwsAsync(client(getHealthReport, noQuery), { message: 'Forbidden.' })
})

test('a deployment without a worker is told so, and a report is read anew when asked to', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const report = await server.client(getHealthReport, noQuery)
  t.is(report.severity, 'warning')
  t.is(report.provisioner_daemons.warnings[0]!.code, 'EPD01')
  t.is(report.checks.find(({ check }) => check === 'workers')!.status, 'warning')
  t.is((await server.client(getHealthReport, noQuery)).time, report.time)
  const fresh = await until(() => server.client(getHealthReport, { query: { force: 'true' } }))
  t.not(fresh.time, report.time)
})

test('a database that cannot be asked is an error of the report, not of the request', async (t) => {
  const server = await startServer(t, { role: 'api' })
  await server.db.query(sql.unsafe`alter table daybreak.migrations rename to no_migrations`)
  await server.db.query(sql.unsafe`alter table daybreak.provisioner_daemons rename to no_daemons`)
  const report = await server.client(getHealthReport, noQuery)
  t.like(report, { healthy: false, severity: 'error', database: { reachable: false } })
})

test('a slow database, and workers of another version or silent ones, are warned about', (t) => {
  t.is(judgeLatency(1.234).severity, 'ok')
  t.like(judgeLatency(15.5), { severity: 'warning', latency_ms: 15.5, latency: '15.5ms' })
  const at = new Date(0)
  const worker = { id: crypto.randomUUID(), host: 'h', provisioners: ['process'], createdAt: at, lastSeenAt: at }
  const codes = (rows: { version: string; silentSeconds: number }[]) => {
    const { severity, warnings } = judgeDaemons(rows.map((row) => ({ ...worker, name: 'w', ...row })))
    return [severity, ...warnings.map(({ code }) => code)]
  }
  t.deepEqual(codes([{ version: VERSION, silentSeconds: 2 }]), ['ok'])
  t.deepEqual(codes([{ version: '0.0.9', silentSeconds: 2 }]), ['warning', 'EPD02'])
  t.deepEqual(
    codes([
      { version: VERSION, silentSeconds: 2 },
      { version: VERSION, silentSeconds: 90 },
    ]),
    ['warning', 'EPD03'],
  )
  t.deepEqual(codes([{ version: VERSION, silentSeconds: 90 }]), ['warning', 'EPD01'])
})
