// node bench/claim.ts [--workspaces 50000] [--builds 10] [--rounds 3]
// The claim beside a bare `update … skip locked` of one small table, in the same run on the same server.
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { openDatabase, type Pool } from '../sql/database.ts'
import { readClock } from '../sql/identity.sql.ts'
import { type ClaimOrder, tryClaim } from '../src/claims.ts'
import { readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { startServer } from '../src/server.ts'
import { ensureAdmin, ensureCliToken } from '../src/up/bootstrap.ts'
import { startBenchCluster } from './support/cluster.ts'
import { claimOverHttp } from './support/httpClients.ts'
import { measure, ms, printTable, type Sample } from './support/measure.ts'
import { type Seeded, seedHistory, seedPrebuilds, seedTemplate } from './support/seed.ts'

const PREBUILDS = 1_000
const PORT = 17_080

const { values } = parseArgs({
  options: {
    workspaces: { type: 'string', default: '50000' },
    builds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
})
const size = { workspaces: Number(values.workspaces), builds: Number(values.builds), owners: 2_000 }
const ROUNDS = Number(values.rounds)

type Bench = { client: pg.Client; db: Pool; url: string; world: Seeded; home: string }

const cluster = await startBenchCluster()
try {
  const client = new pg.Client(cluster.url)
  await client.connect()
  const world = await seedTemplate(client)
  const seedMs = performance.now()
  await seedHistory(client, { world, size })
  const seconds = ((performance.now() - seedMs) / 1000).toFixed(1)
  console.log(`${size.workspaces} workspaces with ${size.builds} builds each, seeded in ${seconds} s; fsync on`)
  const db = await openDatabase(cluster.url, { maxPoolSize: 16 })
  await compare({ client, db, url: cluster.url, world, home: cluster.home })
  await db.end()
  await client.end()
} finally {
  await cluster.stop()
}

async function compare(bench: Bench): Promise<void> {
  const rows = [['', 'clients', 'mean', 'median', 'p99', 'per second', 'ratio of means']]
  for (const clients of [1, 8, 16]) {
    const bare: Sample[] = []
    const claims: Sample[] = []
    // Interleaved, so that whatever else the machine does meets both alike.
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await runBare(bench, clients))
      claims.push(await runClaims(bench, clients))
    }
    const [one, other] = [middle(bare), middle(claims)]
    rows.push(
      line('bare update', clients, one, ''),
      line('claim statement', clients, other, `${(other.meanMs / one.meanMs).toFixed(2)} x`),
    )
    if (clients === 16) {
      const overHttp = await runHttp(bench, clients)
      rows.push(
        line('claim over HTTP', clients, overHttp, `p99 = ${(overHttp.p99Ms / one.meanMs).toFixed(1)} x bare mean`),
      )
    }
  }
  printTable(rows)
}

function line(name: string, clients: number, sample: Sample, ratio: string): string[] {
  return [
    name,
    String(clients),
    ms(sample.meanMs),
    ms(sample.medianMs),
    ms(sample.p99Ms),
    sample.perSecond.toFixed(0),
    ratio,
  ]
}

function middle(samples: readonly Sample[]): Sample {
  const sorted = samples.toSorted((a, b) => a.meanMs - b.meanMs)
  const found = sorted[Math.floor(sorted.length / 2)]
  if (!found) throw new Error('no rounds')
  return found
}

async function runBare({ client, url }: Bench, clients: number): Promise<Sample> {
  await client.query(`drop table if exists bare; create table bare (id int primary key, owner int);
    create index on bare (id) where owner is null; insert into bare select generate_series(1,
        ${PREBUILDS}); analyze bare`)
  const own = await Promise.all(Array.from({ length: clients }, async () => await connect(url)))
  const text = `update bare set owner = $1 where id = (select id from bare where owner is null
      order by id for update skip locked limit 1)`
  for (const one of own) await one.query({ name: 'bare', text, values: [0] })
  const sample = await measure({ clients, count: PREBUILDS / 2 }, async (i) => {
    await own[i]?.query({ name: 'bare', text, values: [i] })
  })
  for (const one of own) await one.end()
  return sample
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  return client
}

async function refill({ client, world }: Bench): Promise<void> {
  await client.query('delete from daybreak.prebuild_pool')
  await seedPrebuilds(client, { world, count: PREBUILDS })
}

/** The production statement through the production pool, each claim another owner's. */
async function runClaims(bench: Bench, clients: number): Promise<Sample> {
  await refill(bench)
  const { world, client, url } = bench
  const db = await openDatabase(url, { maxPoolSize: clients })
  const { rows: owners } = await client.query<{ id: string }>(
    `select id from daybreak.users where username like 'owner-%' order by id limit 1000`,
  )
  const { now } = await readClock(db)
  const target = {
    templateId: world.templateId,
    presetId: world.presetId,
    presetKey: 'warm',
    provisioner: 'process',
    claimable: [world.versionId],
    ttlSeconds: null,
    lastInvalidatedAt: null,
  }
  const claimed = new Set<string>()
  let next = 0
  const claim = async (): Promise<void> => {
    const userId = owners[next++ % owners.length]?.id ?? ''
    const order: ClaimOrder = {
      target,
      userId,
      actorId: userId,
      name: `c-${randomBytes(8).toString('hex')}`,
      now,
      idempotency: null,
    }
    const got = await tryClaim(db, order)
    if (!got) throw new Error('the pool was empty')
    claimed.add(got.workspaceId)
  }
  await measure({ clients, count: clients * 6 }, claim) // past the sixth run a prepared statement has its generic plan
  claimed.clear()
  const count = PREBUILDS / 2
  const sample = await measure({ clients, count }, claim)
  if (claimed.size !== count) throw new Error(`${count - claimed.size} claims got a workspace that another had`)
  await db.end()
  return sample
}

async function runHttp(bench: Bench, clients: number): Promise<Sample> {
  await refill(bench)
  const { url, home, world } = bench
  const config = readConfig({
    DAYBREAK_LISTEN: `127.0.0.1:${PORT}`,
    DAYBREAK_DATABASE_POOL: '16',
    DAYBREAK_RATE_LIMITS: 'off',
  })
  const server = await startServer({
    config,
    role: 'api',
    databaseUrl: url,
    directUrl: url,
    home,
    secretKeys: [randomBytes(32).toString('base64')],
    log: createLog('error'),
    onFatal(error) {
      throw error
    },
  })
  const { db } = server.context
  const admin = await ensureAdmin(db)
  const token = await ensureCliToken(db, { admin, url: config.accessUrl, home })
  const count = PREBUILDS / 2
  const run = { port: PORT, token, clients, count, templateId: world.templateId, presetId: world.presetId }
  const { sample, workspaceIds } = await claimOverHttp(run)
  const different = new Set(workspaceIds).size
  if (different !== count) throw new Error(`${count - different} requests got a workspace that another had`)
  await server.stop({ workspaces: 'leave' })
  return sample
}
