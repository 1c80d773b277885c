// What becomes of a provisioner job when it is cancelled, when its worker fails, and when somebody else has it.
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { acquireProvisionerJob, cancelProvisionerJob, listJobLogs } from '../../sql/provisioner_jobs.sql.ts'
import { readAlarm } from '../../sql/reconcile.sql.ts'
import { listCredentials } from '../../sql/workspace_agents.sql.ts'
import type { Context } from '../../src/context.ts'
import { daemonTags } from '../../src/daemon.ts'
import { provision } from '../../src/jobs/provision.ts'
import { runBuild } from '../../src/jobs/provision/build.ts'
import { reapProvisionerJobs } from '../../src/jobs/reapProvisionerJobs.ts'
import { reconcileUntilQuiet } from '../../src/jobs/reconcilePreset.ts'
import type { Driver } from '../../src/provisioners/driver.ts'
import { createSealer } from '../../src/seal.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld } from '../support/factories.ts'
import { A_RUN, testContext } from './worker.ts'

const run = { ...A_RUN, task: 'provision:process', maxAttempts: 5 }
const ALARM = { horizonSeconds: 2, silentSeconds: 45 }
const Job = z.object({ id: z.guid(), jobStatus: z.string(), error: z.string(), attempt: z.int() })
const builds = sql.type(Job)`select id, job_status, error, attempt from daybreak.provisioner_jobs
  where type = 'workspace_build' order by created_at, id`
const events = sql.type(z.object({ kinds: z.array(z.string()) }))`
  select coalesce(array_agg(kind order by id), '{}') as kinds from daybreak.prebuild_events`
const states = sql.type(z.object({ states: z.array(z.string()) }))`
  select coalesce(array_agg(state order by created_at), '{}') as states from daybreak.prebuild_pool`

/** A pool of one whose build waits; `work` is what the driver does with it. */
async function setup(t: ExecutionContext, work: Driver['provision'] = async () => ({ ok: true })) {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  const driver = { name: 'process', claimsInPlace: true, provision: work } as Driver
  const on = (hostId: string): Context => ({
    ...testContext(db),
    hostId,
    sealer: createSealer([Buffer.alloc(32, 1).toString('base64')]),
    drivers: new Map([['process', driver]]),
  })
  const context = on('a-host')
  await reconcileUntilQuiet(context, world.presetId)
  const take = async ({ hostId, processId }: Context) =>
    (await acquireProvisionerJob(db, { workerId: processId, provisioner: 'process', tags: daemonTags(hostId) }))!
  return { db, world, context, driver, take, on, job: (await db.one(builds)).id }
}

test('a cancellation that comes too late leaves a build that succeeded, and its prebuild boots', async (t) => {
  const { db, context, job } = await setup(t, async () => {
    await cancelProvisionerJob(db, { id: job })
    return { ok: true }
  })
  await provision.run({}, context, run)
  t.like(await db.one(builds), { jobStatus: 'succeeded' })
  t.deepEqual((await db.one(states)).states, ['booting'])
})

test('a build that was cancelled in time is cancelled, and counts as no failure of its template', async (t) => {
  const { db, context, driver, take } = await setup(t, async (_request, { signal }) =>
    signal.aborted ? { ok: false, code: 'canceled', error: 'canceled' } : { ok: true },
  )
  const job = await take(context)
  await cancelProvisionerJob(db, { id: job.id })
  t.false(await runBuild(context, { job, driver, signal: run.signal }))
  t.like(await db.one(builds), { jobStatus: 'canceled', error: '' })
  t.deepEqual((await db.one(states)).states, ['failed'])
  t.deepEqual((await db.one(events)).kinds, ['lost'])
})

test('lines that cannot be stored as they are do not take the build with them', async (t) => {
  const { db, context, job } = await setup(t, async (_request, io) => {
    io.log({ level: 'info', stage: 'start', output: `a\0b ${'x'.repeat(1_019)}\u{1f600}` })
    return { ok: true }
  })
  await provision.run({}, context, run)
  t.like(await db.one(builds), { jobStatus: 'succeeded' })
  t.is((await listJobLogs(db, { jobId: job, after: 0, limit: 10 })).length, 1)
})

test('a build that its worker could not run is given back, and ends with the reason after five attempts', async (t) => {
  const { db, context } = await setup(t, async () => {
    throw new Error('the disk is full')
  })
  await t.throwsAsync(async () => await provision.run({}, context, run), { message: 'the disk is full' })
  t.like(await db.one(builds), { jobStatus: 'pending', attempt: 1 })
  await t.throwsAsync(async () => await provision.run({}, context, run))
  for (const seconds of [3, 15, 63]) {
    await db.query(sql.unsafe`delete from graphile_worker._private_jobs`)
    t.like(await provision.run({}, context, run), { builds: 0 }, 'it waits')
    await db.query(sql.unsafe`update daybreak.provisioner_jobs set created_at = now() - interval '2 minutes'`)
    t.deepEqual((await readAlarm(context.db, ALARM)).tasks, [])
    await db.query(sql.unsafe`update daybreak.provisioner_jobs
      set updated_at = now() - make_interval(secs => ${seconds})`)
    t.deepEqual((await readAlarm(context.db, ALARM)).tasks, ['provision:process'])
    if (seconds < 63) await t.throwsAsync(async () => await provision.run({}, context, run))
  }
  t.like(await provision.run({}, context, run), { builds: 1, failed: 1 })
  const { jobStatus, error, attempt } = await db.one(builds)
  t.like({ jobStatus, attempt }, { jobStatus: 'failed', attempt: 5 })
  t.regex(error, /the disk is full/)
  t.deepEqual((await db.one(states)).states, ['failed'])
})

test('a worker whose build was given away does not start it a second time', async (t) => {
  let started = 0
  const { context, driver, take, on } = await setup(t, async () => {
    started++
    return { ok: true }
  })
  const frozen = await take(context)
  await reapProvisionerJobs.run({}, on('c-host'), run)
  await take(on('b-host'))
  t.false(await runBuild(context, { job: frozen, driver, signal: run.signal }))
  t.is(started, 0)
})

test('a first build that another host takes over has agents of its own: the old ones cannot sign in', async (t) => {
  const { db, context, driver, take, on } = await setup(t, async (_request, { signal }) => {
    return signal.aborted ? { ok: false, code: 'canceled', error: 'canceled' } : { ok: true }
  })
  const first = await take(context)
  const { workspaceId } = first
  t.false(await runBuild(context, { job: first, driver, signal: AbortSignal.abort() }))
  const [before] = await listCredentials(db, { workspaceId: workspaceId! })
  await reapProvisionerJobs.run({}, on('c-host'), run)
  const other = on('b-host')
  t.true(await runBuild(other, { job: await take(other), driver, signal: run.signal }))
  const after = await listCredentials(db, { workspaceId: workspaceId! })
  t.is(after.length, 1)
  t.not(after[0]!.id, before!.id)
})

test('a cancelled build whose worker is gone ends within a minute, not after half an hour', async (t) => {
  const { db, context, take, on } = await setup(t)
  const job = await take(context)
  await cancelProvisionerJob(db, { id: job.id })
  t.like(await reapProvisionerJobs.run({}, on('c-host'), run), { requeued: 1, reaped: 1 })
  t.like(await db.one(builds), { jobStatus: 'canceled' })
  t.deepEqual((await db.one(states)).states, ['failed'])
})

test('a cancelled build that goes on for five minutes is ended, though its worker lives', async (t) => {
  const { db, context, take, on } = await setup(t)
  const job = await take(context)
  await cancelProvisionerJob(db, { id: job.id })
  await db.query(sql.unsafe`insert into daybreak.provisioner_daemons (id, name, host, provisioners, tags, version)
    values (${context.processId}, '', '', '{process}', '{}', '')`)
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set canceled_at = now() - interval '6 minutes'
    where id = ${job.id}`)
  t.like(await reapProvisionerJobs.run({}, on('c-host'), run), { reaped: 1 })
  t.like(await db.one(builds), { jobStatus: 'failed' })
})

test('a build that a worker has begun is removed by that host, never only forgotten', async (t) => {
  const { db, world, context, driver, take, on } = await setup(t, async () => ({ ok: false, error: 'never read' }))
  t.false(await runBuild(context, { job: await take(context), driver, signal: AbortSignal.abort() }))
  await reapProvisionerJobs.run({}, on('c-host'), run)
  await db.query(sql.unsafe`update daybreak.template_version_presets set desired_instances = 0`)
  await reconcileUntilQuiet(context, world.presetId)
  t.deepEqual((await db.one(states)).states, ['building'], 'it waits again, but is not cancelled like a new one')
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set updated_at = now() - interval '31 minutes'`)
  t.like(await reapProvisionerJobs.run({}, on('c-host'), run), { reaped: 1 })
  t.deepEqual((await db.one(states)).states, ['deleting'])
  const { host } = await db.one(sql.type(z.object({ host: z.string() }))`
    select tags ->> 'host' as host from daybreak.provisioner_jobs where completed_at is null`)
  t.is(host, 'a-host')
})
