// Hot statements on 50,000 workspaces with 500,000 builds: each must touch a handful of pages, whatever the history.
// Pages are counted, not plans named: a plan may change its shape, not its cost.
import fs from 'node:fs'
import test from 'ava'
import pg from 'pg'
import { type Seeded, seedHistory, seedPrebuilds, seedTemplate } from '../../bench/support/seed.ts'
import { numbered, parseQueries } from '../../tools/generateSql/parse.ts'
import { testDatabase } from '../support/database.ts'

const SIZE = { workspaces: 50_000, builds: 10, owners: 2_000 }
const PREBUILDS = 1_000
/** After five runs PostgreSQL may plan a prepared statement once and for all; production lives in that plan. */
const RUNS_BEFORE = 6

const SQL = new URL('../../sql/', import.meta.url)
const QUERIES = fs
  .readdirSync(SQL)
  .filter((file) => file.endsWith('.sql'))
  .flatMap((file) => parseQueries(fs.readFileSync(new URL(file, SQL), 'utf8')))

type Known = Seeded & { user: string; workspace: string; build: string; job: string; agent: string; tokenHash: string }
type Hot = { name: string; pages: number; params(known: Known): Record<string, string> }

const uuid = (id: string) => `'${id}'::uuid`
const uuids = (...ids: string[]) => `array['${ids.join("','")}']::uuid[]`
const FIRST = uuid('00000000-0000-0000-0000-000000000000')
const text = (value: string) => `'${value}'`

/** Pages: what was measured, and room for half as much again. */
const HOT: Hot[] = [
  {
    name: 'claimPrebuild',
    pages: 130,
    params: (known) => ({
      templateId: uuid(known.templateId),
      presetKey: text('warm'),
      claimable: uuids(known.versionId),
      notBefore: `'1970-01-01'::timestamptz`,
      userId: uuid(known.user),
      actorId: uuid(known.user),
      name: text('mine'),
      now: 'now()',
      presetId: uuid(known.presetId),
      buildId: uuid(crypto.randomUUID()),
      jobId: uuid(crypto.randomUUID()),
      provisioner: text('process'),
      idempotencyKey: text('key'),
      requestHash: `sha256('x')`,
      requestId: text('request'),
      address: text('127.0.0.1'),
      userAgent: text('agent'),
    }),
  },
  {
    name: 'countClaimable',
    pages: 10,
    params: (known) => ({
      templateId: uuid(known.templateId),
      presetKey: text('warm'),
      claimable: uuids(known.versionId),
      notBefore: `'1970-01-01'::timestamptz`,
    }),
  },
  {
    name: 'findCreateTarget',
    pages: 20,
    params: (known) => ({
      actorId: uuid(known.user),
      ownerId: uuid(known.user),
      name: text('mine'),
      versionId: 'null',
      templateId: uuid(known.templateId),
      presetId: uuid(known.presetId),
    }),
  },
  { name: 'findSession', pages: 10, params: () => ({ id: text('abcdefghij') }) },
  { name: 'findWorkspace', pages: 10, params: (known) => ({ id: uuid(known.workspace) }) },
  { name: 'lockWorkspace', pages: 25, params: (known) => ({ id: uuid(known.workspace) }) },
  {
    name: 'readLatestBuilds',
    pages: 50,
    params: (known) => ({ workspaceIds: uuids(known.workspace) }),
  },
  {
    name: 'findBuildForProvision',
    pages: 20,
    params: (known) => ({ jobId: uuid(known.job) }),
  },
  {
    name: 'findAgentByToken',
    pages: 12,
    params: (known) => ({ tokenHash: known.tokenHash }),
  },
  { name: 'beatAgents', pages: 30, params: (known) => ({ ids: uuids(known.agent) }) },
  {
    name: 'lockPoolRow',
    pages: 10,
    params: (known) => ({ workspaceId: uuid(known.workspace) }),
  },
  {
    name: 'settlePoolRow',
    pages: 30,
    params: (known) => ({ workspaceId: uuid(known.workspace) }),
  },
  {
    name: 'acquireProvisionerJob',
    pages: 10,
    params: () => ({
      workerId: 'uuidv7()',
      provisioner: text('process'),
      tags: `'{"scope":"organization","owner":""}'`,
    }),
  },
  {
    name: 'heartbeatProvisionerJob',
    pages: 10,
    params: (known) => ({ id: uuid(known.job), workerId: 'uuidv7()', attempt: '1' }),
  },
  { name: 'takeWakes', pages: 10, params: (known) => ({ presetId: uuid(known.presetId) }) },
  { name: 'hasWakes', pages: 10, params: (known) => ({ presetId: uuid(known.presetId) }) },
  { name: 'lockPreset', pages: 10, params: (known) => ({ presetId: uuid(known.presetId) }) },
  { name: 'readAlarm', pages: 55, params: () => ({ horizonSeconds: '2', silentSeconds: '45' }) },
  // It reads its pool, a thousand small rows here, and nothing of the history.
  { name: 'readPresetSnapshot', pages: 40, params: (known) => ({ presetId: uuid(known.presetId) }) },
  // What the ticks read.
  { name: 'listSweepPresets', pages: 10, params: () => ({ after: FIRST, limit: '200' }) },
  // Four pages for each of the thousand prebuilds, every five minutes.
  { name: 'listUnsettledPoolRows', pages: 6200, params: () => ({ limit: '200' }) },
  { name: 'listStrandedRemovals', pages: 10, params: () => ({ limit: '200' }) },
  {
    name: 'listHungProvisionerJobs',
    pages: 10,
    params: () => ({ hungSeconds: '300', pendingSeconds: '1800', limit: '100' }),
  },
  {
    name: 'requeueJobsOfDeadWorkers',
    pages: 10,
    params: () => ({ host: 'null', processId: 'uuidv7()', staleSeconds: '30' }),
  },
  { name: 'listWantedWorkspaces', pages: 10, params: () => ({ host: text('a-host'), after: FIRST, limit: '200' }) },
  { name: 'listPoolOfHost', pages: 15, params: () => ({ host: text('a-host'), after: FIRST, limit: '200' }) },
  // What requests read.
  { name: 'findIdempotencyKey', pages: 10, params: (known) => ({ userId: uuid(known.user), key: text('key') }) },
  { name: 'findUser', pages: 10, params: (known) => ({ id: uuid(known.user), username: 'null' }) },
  { name: 'findUserByEmail', pages: 10, params: () => ({ email: text('owner-7@example.com') }) },
  { name: 'touchApiKey', pages: 10, params: () => ({ id: text('abcdefghij') }) },
  { name: 'readLatestBuild', pages: 55, params: (known) => ({ workspaceId: uuid(known.workspace) }) },
  { name: 'listCredentials', pages: 10, params: (known) => ({ workspaceId: uuid(known.workspace) }) },
  { name: 'readAgentManifest', pages: 20, params: (known) => ({ id: uuid(known.agent) }) },
  { name: 'cancelProvisionerJob', pages: 10, params: (known) => ({ id: uuid(known.job) }) },
]

test('hot statements cost the same however much history there is', async (t) => {
  t.timeout(120_000)
  const { url } = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const known = await seed(client)
  for (const hot of HOT) {
    const pages = await pagesOf(client, hot, known)
    t.log(`${hot.name}: ${pages} pages`)
    t.true(pages <= hot.pages, `${hot.name} touched ${pages} pages, more than ${hot.pages}`)
  }
})

async function seed(client: pg.Client): Promise<Known> {
  const world = await seedTemplate(client)
  await seedHistory(client, { world, size: SIZE })
  await seedPrebuilds(client, { world, count: PREBUILDS })
  await client.query('vacuum analyze')
  const { rows } = await client.query<Omit<Known, keyof Seeded>>(`
    select (select id from daybreak.users where username = 'owner-7') as user, w.id as workspace, w.latest_build_id
        as build, b.job_id as job,
      a.id as agent, '\\x' || encode(a.token_hash, 'hex') as "tokenHash"
    from daybreak.prebuild_pool p join daybreak.workspaces w on w.id = p.workspace_id
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    join daybreak.workspace_agents a on a.workspace_id = w.id
    order by p.workspace_id desc limit 1`)
  return { ...world, ...rows[0]!, tokenHash: `'${rows[0]!.tokenHash}'::bytea` }
}

async function pagesOf(client: pg.Client, { name, params }: Hot, known: Known): Promise<number> {
  const query = QUERIES.find((candidate) => candidate.name === name)
  if (!query) throw new Error(`there is no query ${name}`)
  const values = params(known)
  const call = `execute ${name} (${query.params.map((param) => values[param]).join(', ')})`
  await client.query(`prepare ${name} as ${numbered(query)}`)
  for (let i = 0; i < RUNS_BEFORE; i++) await rolledBack(client, call)
  const [plan] = await rolledBack(client, `explain (analyze, buffers, format json) ${call}`)
  const [{ Plan: root }] = plan!['QUERY PLAN'] as [{ Plan: Plan }]
  // Writing CTEs that nothing reads run after the rest, and are not in the root's sum.
  const parts = (root.Plans ?? []).map(pagesIn).reduce((sum, pages) => sum + pages, 0)
  return Math.max(pagesIn(root), parts)
}

type Plan = { 'Shared Hit Blocks': number; 'Shared Read Blocks': number; Plans?: Plan[] }
const pagesIn = (plan: Plan) => plan['Shared Hit Blocks'] + plan['Shared Read Blocks']

async function rolledBack(client: pg.Client, statement: string): Promise<Record<string, unknown>[]> {
  await client.query('begin')
  const { rows } = await client.query<Record<string, unknown>>(statement)
  await client.query('rollback')
  return rows
}
