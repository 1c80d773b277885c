import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { acquireProvisionerJob, upsertDaemon } from '../sql/provisioner_jobs.sql.ts'
import { daemonTags, startDaemon } from '../src/daemon.ts'
import { reapProvisionerJobs } from '../src/jobs/reapProvisionerJobs.ts'
import { reconcileUntilQuiet } from '../src/jobs/reconcilePreset.ts'
import { testDatabase } from './support/database.ts'
import { aReadyPrebuild, aWorld } from './support/factories.ts'
import { A_RUN, testContext } from './jobs/worker.ts'

test('a worker takes up the jobs, imports too, of the process before it on its host alone', async (t) => {
  const { db } = await testDatabase(t)
  await aWorld(db)
  const others = ['a-host', 'b-host'] as const
  for (const host of others) {
    const id = crypto.randomUUID()
    const tags = daemonTags(host)
    await upsertDaemon(db, { id, name: '', host, provisioners: ['process'], tags, version: '' })
    await db.query(sql.unsafe`insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type)
      select organization_id, created_by, 'process', 'template_version_import' from daybreak.template_versions`)
    await acquireProvisionerJob(db, { workerId: id, provisioner: 'process', tags })
  }
  const context = { ...testContext(db), hostId: 'a-host' }
  const daemon = await startDaemon(context)
  const { statuses } = await db.one(sql.type(z.object({ statuses: z.array(z.string()) }))`
    select array_agg(job_status order by created_at) as statuses from daybreak.provisioner_jobs
    where completed_at is null`)
  t.deepEqual(statuses, ['pending', 'running'])
  const { tasks } = await db.one(sql.type(z.object({ tasks: z.array(z.string()) }))`
    select array_agg(key) as tasks from graphile_worker._private_jobs`)
  t.deepEqual(tasks, ['provision:process'])
  await daemon.stop()
})

test('a removal whose host never comes back ends, and its error names the host', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 0 })
  const context = testContext(db)
  await aReadyPrebuild(db, world)
  await db.query(sql.unsafe`update daybreak.workspaces set host = 'gone-host'`)

  t.like(await reconcileUntilQuiet(context, world.presetId), { deleted: 1 })
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set updated_at = now() - interval '31 minutes'`)
  t.like(await reapProvisionerJobs.run({}, context, A_RUN), { reaped: 1 })
  const { error } = await db.one(sql.type(z.object({ error: z.string() }))`
    select error from daybreak.provisioner_jobs order by created_at desc limit 1`)
  t.regex(error, /pending for 30 minutes.*gone-host/)
})
