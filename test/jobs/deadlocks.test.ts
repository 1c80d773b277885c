// Everything that writes about the same prebuilds at once: one order of locks, so PostgreSQL finds no deadlock.
import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { acquireProvisionerJob } from '../../sql/provisioner_jobs.sql.ts'
import { lockPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { beatAgents, reportLifecycle } from '../../sql/workspace_agents.sql.ts'
import { finishBuild } from '../../src/builds.ts'
import { tryClaim } from '../../src/claims.ts'
import { daemonTags } from '../../src/daemon.ts'
import { loseWorkspace } from '../../src/drivers.ts'
import { reapProvisionerJobs } from '../../src/jobs/reapProvisionerJobs.ts'
import { reconcileUntilQuiet } from '../../src/jobs/reconcilePreset.ts'
import { withWakes } from '../../src/jobs/wakes.ts'
import { settlePool } from '../../src/pool.ts'
import { doubtHost } from '../../src/worker.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld, readyPrebuilds } from '../support/factories.ts'
import { A_RUN, testContext } from './worker.ts'

const RACE_MS = 5_000
test('claims, reports, losses, doubts, ends, reaps and reconciles of one pool deadlock nowhere', async (t) => {
  t.timeout(60_000)
  const { db } = await testDatabase(t, { maxPoolSize: 12 })
  const world = await aWorld(db, { instances: 10 })
  const context = testContext(db)
  const ids = await readyPrebuilds(db, world, 20)
  await db.query(sql.unsafe`update daybreak.workspaces set host = 'test-host'`)
  const Agent = z.object({ id: z.guid(), workspaceId: z.guid() })
  const agents = await db.any(sql.type(Agent)`select id, workspace_id from daybreak.workspace_agents`)
  const until = performance.now() + RACE_MS
  const done = new Map<string, number>()
  const each = <Item>(items: readonly Item[], turn: number): Item => items[turn % items.length]!
  const racer = async (name: string, work: (turn: number) => Promise<unknown>): Promise<void> => {
    for (let turn = 0; performance.now() < until; turn++) {
      await work(turn)
      done.set(name, turn + 1)
    }
  }
  const report = (turn: number) =>
    withWakes(db, async (tx, causes) => {
      const { id, workspaceId } = each(agents, turn * 7)
      const pooled = await lockPoolRow(tx, { workspaceId })
      await reportLifecycle(tx, { id, state: 'ready' })
      await tx.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = null where id = ${id}`)
      if (pooled) await settlePool(tx, causes, { workspaceId, cause: 'ready' })
    })
  const end = async (turn: number): Promise<void> => {
    const { processId: workerId } = context
    const job = await acquireProvisionerJob(db, { workerId, provisioner: 'process', tags: daemonTags('test-host') })
    if (!job?.workspaceId) return
    const { transition } = await db.one(sql.type(z.object({ transition: z.enum(['start', 'stop', 'delete']) }))`
      select transition from daybreak.workspace_builds where job_id = ${job.id}`)
    await withWakes(db, async (tx, causes) =>
      finishBuild(tx, causes, {
        jobId: job.id,
        workspaceId: job.workspaceId!,
        transition,
        result: turn % 3 === 0 ? { ok: false, error: 'no', code: 'canceled' } : { ok: true },
        holder: { workerId, attempt: job.attempt },
      }),
    )
  }
  const order = { target: world.target, userId: world.adminId, actorId: world.adminId, idempotency: null }
  await Promise.all([
    racer('claim', (turn) => tryClaim(db, { ...order, name: `w-${turn}`, now: new Date() })),
    racer('report', report),
    racer('report again', (turn) => report(turn + 3)),
    racer('lose', (turn) => loseWorkspace(context, { workspaceId: each(ids, turn * 3), reason: 'lost' })),
    racer('doubt', () => doubtHost(context)),
    racer('beat', () => beatAgents(db, { ids: agents.map(({ id }) => id) })),
    racer('end', end),
    racer('reconcile', () => reconcileUntilQuiet(context, world.presetId)),
    racer('reap', () => reapProvisionerJobs.run({}, context, A_RUN)),
  ])
  t.log(Object.fromEntries(done))
  t.is(done.size, 9)
  await db.query(sql.unsafe`select pg_stat_force_next_flush()`)
  const { deadlocks } = await db.one(sql.type(z.object({ deadlocks: z.int() }))`
    select deadlocks::int from pg_stat_database where datname = current_database()`)
  t.is(deadlocks, 0)
})
