import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { findLastDecision, insertWake } from '../../sql/reconcile.sql.ts'
import { takePoolRow } from '../../sql/prebuild_pool.sql.ts'
import { reconcilePreset } from '../../src/jobs/reconcilePreset.ts'
import { reconcileOnce } from '../../src/jobs/reconcilePreset/once.ts'
import { sweepPresets } from '../../src/jobs/sweepPresets.ts'
import { withWakes } from '../../src/jobs/wakes.ts'
import { failPool, settlePool } from '../../src/pool.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld, type PresetOptions, readyPrebuilds } from '../support/factories.ts'
import { held } from '../support/held.ts'
import { A_RUN, testContext } from './worker.ts'

async function setup(t: ExecutionContext, preset: PresetOptions) {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, preset)
  const context = testContext(db)
  const reconcile = () => reconcilePreset.run({ presetId: world.presetId }, context, A_RUN)
  const states = async () => {
    const rows = await db.any(sql.type(z.object({ state: z.string(), count: z.int() }))`
      select state, count(*)::int as count from daybreak.prebuild_pool group by state`)
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
  }
  return { db, world, context, reconcile, states }
}

test('what is missing is ordered once, however often the job runs', async (t) => {
  const { db, reconcile, states } = await setup(t, { instances: 3 })
  t.like(await reconcile(), { created: 3, desired: 3 })
  t.like(await reconcile(), { created: 0, deleted: 0 })
  t.deepEqual(await states(), { building: 3 })
  const { jobs } = await db.one(sql.type(z.object({ jobs: z.int() }))`
    select count(*)::int as jobs from daybreak.provisioner_jobs where type = 'workspace_build' and completed_at
        is null`)
  t.is(jobs, 3)
})

test('surplus is removed oldest first, and one that somebody holds is left to them', async (t) => {
  const { db, world, reconcile, states } = await setup(t, { instances: 1 })
  const [oldest] = await readyPrebuilds(db, world, 3)
  const claim = await held(db, (tx) => takePoolRow(tx, { workspaceId: oldest! }))
  t.like(await reconcile(), { deleted: 1 })
  t.deepEqual(await states(), { ready: 2, deleting: 1 })
  await claim.release()
  t.like(await reconcile(), { deleted: 1 })
  t.deepEqual(await states(), { ready: 1, deleting: 2 })
})

test('a preset that another worker holds is skipped, and its causes stay for the holder', async (t) => {
  const { db, world, context } = await setup(t, { instances: 1 })
  await insertWake(db, { presetId: world.presetId, cause: 'claim', actorId: null })
  const other = await held(db, (tx) =>
    tx.query(sql.unsafe`select from daybreak.template_version_presets where id = ${world.presetId} for no key update`),
  )
  t.like(await reconcileOnce(context, world.presetId), { skipped: 'another worker has this preset, or it is gone' })
  await other.release()
  t.like(await reconcileOnce(context, world.presetId), { created: 1, causes: ['claim'] })
})

test('failures hold creation under a back-off that is stored with its end, and the decision says so', async (t) => {
  const { db, world, context, reconcile } = await setup(t, { instances: 2 })
  const [broken] = await readyPrebuilds(db, world, 1)
  await withWakes(db, async (tx, causes) => {
    await failPool(tx, causes, { workspaceId: broken!, kind: 'start_failed', detail: 'exit 1' })
  })
  t.like(await reconcile(), { created: 0, deleted: 0 })
  const decision = await findLastDecision(db, { presetId: world.presetId })
  t.like(decision?.actions, [{ type: 'hold', reason: 'backoff', wanted: 2 }])
  const boundary = await db.one(sql.type(z.object({ nextAt: z.date(), nextReason: z.string(), hold: z.string() }))`
    select next_at, next_reason, hold from daybreak.schedule_boundaries where preset_id = ${world.presetId}`)
  t.like(boundary, { nextReason: 'backoff', hold: 'backoff' })
  await db.query(
    sql.unsafe`update daybreak.prebuild_events set at = at - ${context.config.backoffMs / 1000} * interval '1 second'`,
  )
  t.like(await reconcile(), { created: 1 }, 'a single probe after the back-off')
})

test('as many failures in a row as the limit allows end all attempts', async (t) => {
  const { db, world, reconcile } = await setup(t, { instances: 1 })
  for (const id of await readyPrebuilds(db, world, 3)) {
    await withWakes(db, async (tx, causes) =>
      failPool(tx, causes, { workspaceId: id, kind: 'start_failed', detail: '' }),
    )
  }
  await db.query(sql.unsafe`update daybreak.prebuild_events set at = at - interval '1 day'`)
  t.like(await reconcile(), { created: 0 })
  t.like((await findLastDecision(db, { presetId: world.presetId }))?.actions, [
    { type: 'hold', reason: 'hard_limited' },
  ])
  const { prebuildStatus } = await db.one(sql.type(z.object({ prebuildStatus: z.string() }))`
    select prebuild_status from daybreak.template_version_presets where id = ${world.presetId}`)
  t.is(prebuildStatus, 'hard_limited')
})

test('a limited preset goes on once a prebuild that was still booting is ready', async (t) => {
  const { db, world, reconcile } = await setup(t, { instances: 1 })
  const [booting, ...failing] = await readyPrebuilds(db, world, 4)
  const settle = () =>
    withWakes(db, (tx, causes) => settlePool(tx, causes, { workspaceId: booting!, cause: 'agent ready' }))
  await db.query(sql.unsafe`update daybreak.prebuild_pool set state = 'building', ready_at = null
    where workspace_id = ${booting!}`)
  for (const workspaceId of failing) {
    await withWakes(db, (tx, causes) => failPool(tx, causes, { workspaceId, kind: 'start_failed', detail: '' }))
  }
  await db.query(sql.unsafe`update daybreak.template_version_presets set prebuild_status = 'hard_limited'`)
  await settle()
  await db.query(sql.unsafe`update daybreak.template_version_presets set desired_instances = 2`)
  t.like(await reconcile(), { created: 1 })
  const { status } = await db.one(sql.type(z.object({ status: z.string() }))`
    select prebuild_status as status from daybreak.template_version_presets where id = ${world.presetId}`)
  t.is(status, 'healthy')
})

test('a prebuild that was ready before and is so again after a loss ends no row of failures', async (t) => {
  const { db, world, reconcile } = await setup(t, { instances: 4 })
  const [flapping, ...failing] = await readyPrebuilds(db, world, 4)
  const agent = (away: boolean) =>
    withWakes(db, async (tx, causes) => {
      await tx.query(sql.unsafe`update daybreak.workspace_agents
        set disconnected_at = case when ${away} then now() end where workspace_id = ${flapping!}`)
      await settlePool(tx, causes, { workspaceId: flapping!, cause: 'agent' })
    })
  await agent(true)
  await agent(false)
  for (const workspaceId of failing) {
    await withWakes(db, (tx, causes) => failPool(tx, causes, { workspaceId, kind: 'start_failed', detail: '' }))
  }
  await agent(true)
  await agent(false)
  await db.query(sql.unsafe`update daybreak.prebuild_events set at = at - interval '1 day'`)
  t.like(await reconcile(), { created: 0 })
})

test('a worker whose clock is behind does not undo the boundary that another applied', async (t) => {
  const everyHour = Array.from({ length: 24 }, (_, hour) => ({ cron: `* ${hour} * * *`, instances: hour % 2 }))
  const { db, world, reconcile } = await setup(t, { instances: 0, timezone: 'UTC', schedules: everyHour })
  await reconcile()
  const odd = new Date(Math.ceil(Date.now() / 7_200_000) * 7_200_000 + 5_400_000)
  await db.query(
    sql.unsafe`update daybreak.schedule_boundaries set applied_at = ${odd.toISOString()}
        where preset_id = ${world.presetId}`,
  )
  t.like(await reconcile(), { desired: 1 })
})

test('the sweep finds what no cause told of, counts it as a correction, and then finds nothing', async (t) => {
  const { db, world, context, reconcile } = await setup(t, { instances: 2 })
  await reconcile()
  await db.query(sql.unsafe`delete from daybreak.prebuild_pool where preset_id = ${world.presetId}`)
  await db.query(sql.unsafe`delete from daybreak.preset_wakes`)
  t.like(await sweepPresets.run({}, context, A_RUN), { presets: 1, corrections: 1 })
  t.like(await sweepPresets.run({}, context, A_RUN), { presets: 1, corrections: 0 })
})

test('the sweep puts right a pool row that says something else than builds and agents', async (t) => {
  const { db, world, context, states } = await setup(t, { instances: 1 })
  const [id] = await readyPrebuilds(db, world, 1)
  await db.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = now() where workspace_id = ${id!}`)
  t.like(await sweepPresets.run({}, context, A_RUN), { corrections: 1 })
  t.deepEqual(await states(), { booting: 1 })
})

test('a prebuild that does not get ready in time fails and is replaced under back-off', async (t) => {
  const { db, world, reconcile, states } = await setup(t, { instances: 1 })
  const [id] = await readyPrebuilds(db, world, 1)
  await db.query(sql.unsafe`update daybreak.prebuild_pool set state = 'booting', ready_at = null,
    boot_deadline_at = now() where workspace_id = ${id!}`)
  t.like(await reconcile(), { created: 0 })
  t.deepEqual(await states(), { failed: 1 })
  t.like((await findLastDecision(db, { presetId: world.presetId }))?.actions, [{ type: 'hold', reason: 'backoff' }])
})

test('prebuilds of a version that is not active any more are removed', async (t) => {
  const { db, world, reconcile, states } = await setup(t, { instances: 2 })
  await readyPrebuilds(db, world, 2)
  await db.query(sql.unsafe`update daybreak.templates set deprecated = 'use another' where id = ${world.templateId}`)
  t.like(await reconcile(), { deleted: 2, desired: 0 })
  t.deepEqual(await states(), { deleting: 2 })
})

test('a large deficit is made in short transactions until nothing is missing', async (t) => {
  const { reconcile, states } = await setup(t, { instances: 60 })
  await reconcile()
  t.deepEqual(await states(), { building: 60 })
})
