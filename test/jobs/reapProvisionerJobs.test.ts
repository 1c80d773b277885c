import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { acquireProvisionerJob, listJobLogs } from '../../sql/provisioner_jobs.sql.ts'
import { finishBuild } from '../../src/builds.ts'
import { daemonTags } from '../../src/daemon.ts'
import { reapProvisionerJobs } from '../../src/jobs/reapProvisionerJobs.ts'
import { reconcileUntilQuiet } from '../../src/jobs/reconcilePreset.ts'
import { withWakes } from '../../src/jobs/wakes.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld } from '../support/factories.ts'
import { A_RUN, testContext } from './worker.ts'

const Job = z.object({ id: z.guid(), jobStatus: z.string(), error: z.string(), startedAt: z.date().nullable() })
const newest = sql.type(Job)`select id, job_status, error, started_at from daybreak.provisioner_jobs
  where type = 'workspace_build' order by created_at, id limit 1`
const rows = sql.type(z.object({ states: z.array(z.string()) }))`
  select coalesce(array_agg(state order by created_at), '{}') as states from daybreak.prebuild_pool`
const failures = sql.type(z.object({ count: z.int() }))`select count(*)::int as count from daybreak.prebuild_events`

test('a build that no worker took for half an hour ends, counts as no failure, and is ordered anew', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  const context = testContext(db)
  await reconcileUntilQuiet(context, world.presetId)
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set updated_at = now() - interval '31 minutes'
    where type = 'workspace_build'`)
  t.like(await reapProvisionerJobs.run({}, context, A_RUN), { reaped: 1 })
  const job = await db.one(newest)
  t.like(job, { jobStatus: 'failed' })
  t.regex(job.error, /pending for 30 minutes/)
  t.is((await listJobLogs(db, { jobId: job.id, after: 0, limit: 10 })).length, 1)
  t.is((await db.one(failures)).count, 0)
  await reconcileUntilQuiet(context, world.presetId)
  t.deepEqual((await db.one(rows)).states, ['building'])
})

test('a build whose worker says nothing for five minutes is ended and kept as evidence', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  const context = testContext(db)
  await reconcileUntilQuiet(context, world.presetId)
  const worker = crypto.randomUUID()
  await acquireProvisionerJob(db, { workerId: worker, provisioner: 'process', tags: daemonTags('a-host') })
  await db.query(sql.unsafe`insert into daybreak.provisioner_daemons (id, name, host, provisioners, tags, version)
    values (${worker}, '', '', '{process}', '{}', '')`)
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set updated_at = now() - interval '6 minutes'
    where type = 'workspace_build'`)
  t.like(await reapProvisionerJobs.run({}, context, A_RUN), { reaped: 1, requeued: 0 })
  t.deepEqual((await db.one(rows)).states, ['failed'])
  t.is((await db.one(failures)).count, 1)
})

test('a build whose worker is gone waits again for another', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  const context = testContext(db)
  await reconcileUntilQuiet(context, world.presetId)
  await acquireProvisionerJob(db, { workerId: crypto.randomUUID(), provisioner: 'process', tags: daemonTags('a-host') })
  t.like(await reapProvisionerJobs.run({}, context, A_RUN), { requeued: 1, reaped: 0 })
  t.like(await db.one(newest), { jobStatus: 'pending', startedAt: null })
})

test('a worker that comes back after its build was given away cannot end it', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  const context = testContext(db)
  await reconcileUntilQuiet(context, world.presetId)
  const frozen = crypto.randomUUID()
  const taken = await acquireProvisionerJob(db, {
    workerId: frozen,
    provisioner: 'process',
    tags: daemonTags('a-host'),
  })
  await reapProvisionerJobs.run({}, context, A_RUN)
  await acquireProvisionerJob(db, { workerId: crypto.randomUUID(), provisioner: 'process', tags: daemonTags('a-host') })
  const ended = await withWakes(db, async (tx, causes) =>
    finishBuild(tx, causes, {
      jobId: taken!.id,
      workspaceId: taken!.workspaceId!,
      transition: 'start',
      result: { ok: true },
      holder: { workerId: frozen, attempt: taken!.attempt },
    }),
  )
  t.false(ended)
  t.like(await db.one(newest), { jobStatus: 'running' })
})
