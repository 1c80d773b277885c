import test from 'ava'
import { sql } from 'slonik'
import { insertWake, readAlarm } from '../../sql/reconcile.sql.ts'
import { beatAgents } from '../../sql/workspace_agents.sql.ts'
import { tryClaim } from '../../src/claims.ts'
import { nudgePreset, pokeProvisioner } from '../../src/jobs/pokes.ts'
import { reconcileUntilQuiet } from '../../src/jobs/reconcilePreset.ts'
import { testDatabase } from '../support/database.ts'
import { aReadyPrebuild, aWorld } from '../support/factories.ts'
import { held } from '../support/held.ts'
import { testContext } from './worker.ts'

const LIMITS = { horizonSeconds: 2, silentSeconds: 45 }

test('a nudge that failed for the last time does not silence the alarm', async (t) => {
  const { db } = await testDatabase(t)
  const { presetId } = await aWorld(db)
  await insertWake(db, { presetId, cause: 'claim', actorId: null })
  await db.query(sql.unsafe`insert into daybreak.schedule_boundaries (preset_id, next_at, next_reason, applied_at,
    desired, tzdata) values (${presetId}, now(), 'window', now(), 0, '')`)
  await nudgePreset(db, presetId)
  const waiting = await readAlarm(db, LIMITS)
  t.like(waiting, { woken: [], due: [] })
  await db.query(sql.unsafe`update graphile_worker._private_jobs set attempts = max_attempts`)
  const { woken, due } = await readAlarm(db, LIMITS)
  t.deepEqual(woken, [presetId])
  t.is((due as unknown[]).length, 1)
})

test('provisioners are poked for what waits, and not while a poke waits already, unless it was its last', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db, { instances: 1 })
  await reconcileUntilQuiet(testContext(db), world.presetId)
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set created_at = now() - interval '1 minute'`)
  await db.query(sql.unsafe`delete from graphile_worker._private_jobs`)
  t.deepEqual((await readAlarm(db, LIMITS)).tasks, ['provision:process'])
  await pokeProvisioner(db, 'provision:process')
  t.deepEqual((await readAlarm(db, LIMITS)).tasks, [])
  await db.query(sql.unsafe`update graphile_worker._private_jobs set attempts = max_attempts`)
  t.deepEqual((await readAlarm(db, LIMITS)).tasks, ['provision:process'])
})

test('an agent that is away is not called each second: it reads of its new owner when it comes back', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db)
  const workspaceId = await aReadyPrebuild(db, world)
  const order = { userId: world.adminId, actorId: world.adminId, name: 'mine', now: new Date(), idempotency: null }
  await tryClaim(db, { ...order, target: world.target })
  await db.query(sql.unsafe`update daybreak.workspace_agents set updated_at = now() - interval '2 seconds'`)
  t.deepEqual((await readAlarm(db, LIMITS)).untold, [workspaceId])
  await db.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = now()`)
  t.deepEqual((await readAlarm(db, LIMITS)).untold, [])
})

test('heartbeats never wait for an agent that somebody else writes to: two such waits were a deadlock', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db)
  await aReadyPrebuild(db, world)
  await aReadyPrebuild(db, world)
  const ids = await db.anyFirst(sql.unsafe`
    update daybreak.workspace_agents set last_connected_at = now() - interval '1 hour' returning id`)
  const [busy, free] = ids as readonly string[]
  const writer = await held(db, (tx) =>
    tx.query(sql.unsafe`update daybreak.workspace_agents set logs_length = 1 where id = ${busy!}`),
  )
  t.is(await beatAgents(db, { ids: [busy!, free!] }), 1)
  await writer.release()
  t.is(await beatAgents(db, { ids: [busy!, free!] }), 2)
})
