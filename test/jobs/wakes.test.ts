import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { openDatabase } from '../../sql/database.ts'
import { insertWake, readAlarm } from '../../sql/reconcile.sql.ts'
import { nudgePreset } from '../../src/jobs/pokes.ts'
import { reconcileUntilQuiet } from '../../src/jobs/reconcilePreset.ts'
import { withWakes } from '../../src/jobs/wakes.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld } from '../support/factories.ts'
import { until } from '../support/until.ts'
import { testContext } from './worker.ts'

const TARGET = 5
const WRITERS = 8
const RUNNERS = 4
const RACE_MS = 10_000

test('eight writers and four runners for ten seconds lose no cause and never exceed the target', async (t) => {
  t.timeout(60_000)
  const { url, db } = await testDatabase(t, { maxPoolSize: 4 })
  const world = await aWorld(db, { instances: TARGET })
  const { presetId } = world
  const deadline = performance.now() + RACE_MS
  const racing = () => performance.now() < deadline
  let taken = 0
  let highest = 0

  /** Takes one prebuild away, as a claim does, and appends its cause in the same transaction. */
  const writer = async (): Promise<void> => {
    const own = await openDatabase(url, { maxPoolSize: 1 })
    while (racing()) {
      const { rowCount } = await own.query(sql.unsafe`
        with pick as (select workspace_id from daybreak.prebuild_pool
            where preset_id = ${presetId} limit 1 for update skip locked),
        gone as (delete from daybreak.prebuild_pool p using pick where p.workspace_id = pick.workspace_id
            returning p.workspace_id)
        insert into daybreak.preset_wakes (preset_id, cause) select ${presetId}, 'taken' from gone`)
      taken += rowCount
    }
    await own.end()
  }
  /** Only looks when the alarm would: there is a cause that nobody has eaten. */
  const runner = async (): Promise<void> => {
    const own = await openDatabase(url, { maxPoolSize: 2 })
    const context = testContext(own)
    while (racing()) await reconcileUntilQuiet(context, presetId)
    await own.end()
  }
  const watcher = async (): Promise<void> => {
    while (racing()) {
      const { rows } = await db.one(sql.type(z.object({ rows: z.int() }))`
        select count(*)::int as rows from daybreak.prebuild_pool where preset_id = ${presetId}`)
      highest = Math.max(highest, rows)
    }
  }
  await insertWake(db, { presetId, cause: 'start', actorId: null })
  await Promise.all([...Array.from({ length: WRITERS }, writer), ...Array.from({ length: RUNNERS }, runner), watcher()])
  // What is left are causes that came after the last round: one more look brings the pool to its target, and eats them
  // all.
  await reconcileUntilQuiet(testContext(db), presetId)
  const left = await db.one(sql.type(z.object({ wakes: z.int(), rows: z.int() }))`
    select (select count(*)::int from daybreak.preset_wakes) as wakes,
      (select count(*)::int from daybreak.prebuild_pool where preset_id = ${presetId}) as rows`)
  t.log(`${taken} taken in ten seconds`)
  t.deepEqual(left, { wakes: 0, rows: TARGET })
  t.true(highest <= TARGET, `${highest} at once`)
  t.true(taken > TARGET)
})

test('a cause whose transaction is rolled back leaves no wake and no job', async (t) => {
  const { db } = await testDatabase(t)
  const { presetId } = await aWorld(db)
  await t.throwsAsync(
    withWakes(db, async (_tx, causes) => {
      await causes.preset(presetId, 'never happened')
      throw new Error('rolled back')
    }),
    { message: 'rolled back' },
  )
  const left = await db.one(sql.type(z.object({ wakes: z.int(), jobs: z.int() }))`
    select (select count(*)::int from daybreak.preset_wakes) as wakes,
      (select count(*)::int from graphile_worker._private_jobs) as jobs`)
  t.deepEqual(left, { wakes: 0, jobs: 0 })
})

test('the alarm names a preset whose nudge was lost, and not one for which a job waits', async (t) => {
  const { db } = await testDatabase(t)
  const { presetId } = await aWorld(db)
  const look = () => readAlarm(db, { horizonSeconds: 2, silentSeconds: 45 })
  t.deepEqual((await look()).woken, [])
  await insertWake(db, { presetId, cause: 'claim', actorId: null }) // the process died before its nudge
  t.deepEqual((await look()).woken, [presetId])
  await nudgePreset(db, presetId)
  t.deepEqual((await look()).woken, [])
})

test('claims of one preset do not wait for each other to append their causes', async (t) => {
  const { db } = await testDatabase(t)
  const { presetId } = await aWorld(db)
  const bothIn = Promise.withResolvers<void>()
  let arrived = 0
  const cause = () =>
    withWakes(db, async (_tx, causes) => {
      await causes.preset(presetId, 'claim')
      if (++arrived === 2) bothIn.resolve()
      await bothIn.promise // with a keyed job in the transaction the second would never come this far
    })
  await Promise.all([cause(), cause()])
  await until(async () => (await readAlarm(db, { horizonSeconds: 2, silentSeconds: 45 })).woken.length === 0)
  t.is(arrived, 2)
})

test('a change is not reported as failed because the nudge after its commit was', async (t) => {
  const { db } = await testDatabase(t)
  const { presetId } = await aWorld(db)
  await db.query(sql.unsafe`drop function daybreak.enqueue`)
  t.is(await withWakes(db, async (_tx, causes) => await causes.preset(presetId, 'claim').then(() => 'done')), 'done')
  t.deepEqual((await readAlarm(db, { horizonSeconds: 2, silentSeconds: 45 })).woken, [presetId])
})
