import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { openDatabase, type Pool } from '../sql/database.ts'
import { markPoolRowDeleting, takePoolRow } from '../sql/prebuild_pool.sql.ts'
import { lockPreset } from '../sql/reconcile.sql.ts'
import { readClock } from '../sql/identity.sql.ts'
import { claimPrebuild, type ClaimOrder, tryClaim } from '../src/claims.ts'
import { SYSTEM_USER_ID } from '../src/systemUser.ts'
import { testDatabase } from './support/database.ts'
import { aUser, aWorld, ownersOf, readyPrebuilds, type World } from './support/factories.ts'
import { held } from './support/held.ts'
import { until } from './support/until.ts'

type Claimant = { db: Pool; order: ClaimOrder }

/** Each client has a connection of its own, which nobody else can hold up. */
async function claimants(
  t: ExecutionContext,
  { url, db }: { url: string; db: Pool },
  world: World,
  count: number,
): Promise<Claimant[]> {
  const { now } = await readClock(db)
  const own: Claimant[] = []
  for (let i = 0; i < count; i++) {
    const connection = await openDatabase(url, { maxPoolSize: 1 })
    t.teardown(() => connection.end())
    const userId = await aUser(db, world.organizationId)
    own.push({
      db: connection,
      order: { target: world.target, userId, actorId: userId, name: 'mine', now, idempotency: null },
    })
  }
  return own
}

/** Resolves when as many have arrived as were announced; nobody commits before. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let arrived = 0
  return async () => {
    arrived++
    if (arrived === count) resolve()
    await promise
  }
}

/**
 * How many sessions of this database wait for a lock of another, sampled until stopped. Not counted is `extend`: a file
 * of a table grows, which ends without anybody's commit.
 */
function sampleLockWaits(db: Pool): { stop(): Promise<number> } {
  let stopped = false
  let seen = 0
  const sampling = (async () => {
    while (!stopped) {
      const { waiting } = await db.one(sql.type(z.object({ waiting: z.int() }))`
        select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'
            and wait_event <> 'extend' and datname = current_database()`)
      seen += waiting
    }
  })()
  return {
    async stop() {
      stopped = true
      await sampling
      return seen
    },
  }
}

async function fiftyAtOnce(
  t: ExecutionContext,
  hold: (db: Pool, world: World) => Promise<() => Promise<void>>,
): Promise<void> {
  const { url, db } = await testDatabase(t, { maxPoolSize: 4 })
  const world = await aWorld(db)
  const ready = await readyPrebuilds(db, world, 50)
  const people = await claimants(t, { url, db }, world, 50)
  const release = await hold(db, world)
  const everybodyHasAnAnswer = barrier(50)
  const sampler = sampleLockWaits(db)
  const claimed = await Promise.all(
    people.map(
      async ({ db: own, order }) =>
        await own.transaction(async (tx) => {
          const claim = await tryClaim(tx, order)
          await everybodyHasAnAnswer()
          return claim?.workspaceId
        }),
    ),
  )
  t.is(await sampler.stop(), 0)
  await release()
  t.deepEqual(claimed.map(String).toSorted(), ready.toSorted())
  const owners = await ownersOf(db, ready)
  for (const [i, workspaceId] of claimed.entries()) t.is(owners.get(workspaceId ?? ''), people[i]!.order.userId)
  const left = await db.one(
    sql.type(z.object({ rows: z.int() }))`select count(*)::int as rows from daybreak.prebuild_pool`,
  )
  t.is(left.rows, 0)
}

test('fifty clients get fifty different prebuilds, and none waits for another', async (t) => {
  await fiftyAtOnce(t, async () => async () => {})
})

test('fifty clients do not wait for a reconcile that holds its preset', async (t) => {
  await fiftyAtOnce(t, async (db, world) => {
    const reconcile = await held(db, (tx) => lockPreset(tx, { presetId: world.presetId }))
    t.truthy(reconcile.value)
    return reconcile.release
  })
})

test('of fifty clients and ten prebuilds ten get one, and the others nothing', async (t) => {
  const { url, db } = await testDatabase(t, { maxPoolSize: 4 })
  const world = await aWorld(db)
  const ready = await readyPrebuilds(db, world, 10)
  const people = await claimants(t, { url, db }, world, 50)
  const claimed = await Promise.all(people.map(({ db: own, order }) => claimPrebuild(own, order)))
  const got = claimed.flatMap((claim) => claim?.workspaceId ?? [])
  t.deepEqual(got.toSorted(), ready.toSorted())
})

test('a row that another transaction holds for a moment is waited for, not missed', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  const [only] = await readyPrebuilds(db, world, 1)
  const [person] = await claimants(t, { url, db }, world, 1)
  const report = await held(db, (tx) => takePoolRow(tx, { workspaceId: only! }))
  t.is(await tryClaim(person!.db, person!.order), null)
  const claiming = claimPrebuild(person!.db, person!.order)
  await report.release()
  t.is((await claiming)?.workspaceId, only)
})

test('a claim and a removal of the same prebuild exclude each other, whoever is first', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  const [one] = await readyPrebuilds(db, world, 1)
  const [first, second] = await claimants(t, { url, db }, world, 2)
  const claim = await held(first!.db, (tx) => tryClaim(tx, first!.order))
  t.is(claim.value?.workspaceId, one)
  t.is(await takePoolRow(db, { workspaceId: one! }), null)
  t.is(await tryClaim(second!.db, second!.order), null)
  await claim.release()
  t.is((await ownersOf(db, [one!])).get(one!), first!.order.userId)

  const [other] = await readyPrebuilds(db, world, 1)
  const removal = await held(db, async (tx) => {
    await takePoolRow(tx, { workspaceId: other! })
    await markPoolRowDeleting(tx, { workspaceId: other! })
  })
  t.is(await tryClaim(second!.db, second!.order), null)
  await removal.release()
  t.is(await tryClaim(second!.db, second!.order), null)
})

test('an invalidated or expired prebuild is not handed out, to the millisecond', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  const [id] = await readyPrebuilds(db, world, 1)
  await db.query(
    sql.unsafe`update daybreak.prebuild_pool set created_at = '2026-01-01 00:00:00Z' where workspace_id = ${id!}`,
  )
  const [person] = await claimants(t, { url, db }, world, 1)
  const { order } = person!
  const at = (ms: number) => new Date(Date.parse('2026-01-01T01:00:00Z') + ms)
  const withTtl = (now: Date) => ({ ...order, now, target: { ...order.target, ttlSeconds: 3600 } })
  t.is(await tryClaim(db, withTtl(at(0))), null)
  const invalidated = { ...order, target: { ...order.target, lastInvalidatedAt: new Date('2026-01-01T00:00:00Z') } }
  t.is(await tryClaim(db, invalidated), null)
  t.is((await tryClaim(db, withTtl(at(-1))))?.workspaceId, id)
})

test('a claimed workspace has every row that belongs to it', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  const [id] = await readyPrebuilds(db, world, 1)
  const [person] = await claimants(t, { url, db }, world, 1)
  await tryClaim(db, { ...person!.order, idempotency: { key: 'k', hash: randomBytes(32) } })
  const Row = z.object({
    ownerId: z.guid(),
    buildNumber: z.int(),
    stage: z.string(),
    jobStatus: z.string(),
    claimedBy: z.guid(),
    agents: z.int(),
    generation: z.int(),
    acknowledged: z.int(),
    wakes: z.int(),
    keys: z.int(),
  })
  const row = await db.one(sql.type(Row)`
    select w.owner_id, b.build_number, b.stage, j.job_status, c.claimed_by,
      (select count(*)::int from daybreak.workspace_agents a where a.workspace_id = w.id and a.deleted_at is null)
          as agents,
      (select max(a.reinit_generation) from daybreak.workspace_agents a where a.workspace_id = w.id and a.deleted_at
          is null) as generation,
      (select max(a.acknowledged_generation) from daybreak.workspace_agents a where a.workspace_id = w.id)
          as acknowledged,
      (select count(*)::int from daybreak.preset_wakes) as wakes,
      (select count(*)::int from daybreak.idempotency_keys) as keys
    from daybreak.workspaces w join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.provisioner_jobs j on j.id = b.job_id join daybreak.workspace_claims c on c.workspace_id = w.id
    where w.id = ${id!}`)
  const { userId } = person!.order
  t.deepEqual(row, {
    ownerId: userId,
    buildNumber: 2,
    stage: 'claim',
    jobStatus: 'succeeded',
    claimedBy: userId,
    agents: 1,
    generation: 1,
    acknowledged: 0,
    wakes: 1,
    keys: 1,
  })
})

test('the same idempotency key claims once, however many requests run at once', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  await readyPrebuilds(db, world, 8)
  const people = await claimants(t, { url, db }, world, 8)
  const { order } = people[0]!
  const idempotency = { key: 'once', hash: randomBytes(32) }
  const results = await Promise.allSettled(
    people.map(({ db: own }, i) => tryClaim(own, { ...order, name: `n-${i}`, idempotency })),
  )
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 1)
  const owned = await db.one(sql.type(z.object({ count: z.int() }))`
    select count(*)::int as count from daybreak.workspaces where owner_id = ${order.userId}`)
  t.is(owned.count, 1)
})

test('a claim whose commit never comes leaves the prebuild claimable', async (t) => {
  const { url, db } = await testDatabase(t)
  const world = await aWorld(db)
  const [id] = await readyPrebuilds(db, world, 1)
  const [dying, other] = await claimants(t, { url, db }, world, 2)
  const Backend = z.object({ pid: z.int() })
  await t.throwsAsync(
    dying!.db.transaction(async (tx) => {
      const { pid } = await tx.one(sql.type(Backend)`select pg_backend_pid() as pid`)
      await tryClaim(tx, dying!.order)
      await db.query(sql.unsafe`select pg_terminate_backend(${pid})`)
      await tx.query(sql.unsafe`select 1`)
    }, 0),
  )
  await until(async () => (await tryClaim(other!.db, other!.order))?.workspaceId === id)
})

test('the database refuses a pool row whose workspace somebody owns, and a claimed one without an owner', async (t) => {
  const { db } = await testDatabase(t)
  const world = await aWorld(db)
  const [id] = await readyPrebuilds(db, world, 1)
  const message = /check integrity constraint/
  await t.throwsAsync(
    db.query(sql.unsafe`update daybreak.workspaces set owner_id = ${world.adminId} where id = ${id!}`),
    { message },
  )
  await t.throwsAsync(db.query(sql.unsafe`update daybreak.workspaces set ttl_seconds = 60 where id = ${id!}`))
  await t.throwsAsync(db.query(sql.unsafe`update daybreak.workspaces set claimed_at = now() where id = ${id!}`))
  await t.throwsAsync(
    db.query(sql.unsafe`update daybreak.prebuild_pool set ready_at = null where workspace_id = ${id!}`),
  )
  t.is((await ownersOf(db, [id!])).get(id!), SYSTEM_USER_ID)
})
