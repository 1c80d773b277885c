import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { failPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { storeBoundary } from '../../sql/reconcile.sql.ts'
import { insertEvent } from '../../sql/claims.sql.ts'
import { tryClaim } from '../../src/claims.ts'
import { html } from '../../src/dashboard/html.ts'
import { MAX_WORKSPACES } from '../../src/dashboard/view.ts'
import { span, windowWords } from '../../src/dashboard/words.ts'
import { aReadyPrebuild, aUser, readyPrebuilds } from '../support/factories.ts'
import { openPage, type Page, type PageOptions } from './page.ts'

async function setup(t: ExecutionContext, options: PageOptions = {}) {
  const page = await openPage(t, options)
  const text = async (cookie?: string) => await (await page.get('/', cookie ? { cookie } : {})).text()
  return { ...page, text }
}

/** As a person reads it. */
const words = (text: string) =>
  text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

const claim = async ({ db, world }: Page, { name, userId = world.adminId }: { name: string; userId?: string }) =>
  await tryClaim(db, { target: world.target, userId, actorId: userId, name, now: new Date(), idempotency: null })

test('what goes into html is escaped, and html in html is not', (t) => {
  const hostile = `<img src=x onerror='alert(1)'>&"`
  t.is(html`<b>${hostile}</b>`.text, '<b>&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;</b>')
  t.is(html`<ul>${['a<', 'b'].map((item) => html`<li>${item}</li>`)}</ul>`.text, '<ul><li>a&lt;</li><li>b</li></ul>')
  t.is(html`${null}${undefined}${0}`.text, '0')
})

test('hostile names are words on the page, nothing more', async (t) => {
  const page = await setup(t, { preset: { instances: 1 } })
  const { db, world } = page
  const hostile = `"><script>alert('x')</script>`
  await readyPrebuilds(db, world, 2)
  await claim(page, { name: hostile })
  await db.query(sql.unsafe`update daybreak.template_version_presets set name = ${hostile}`)
  await db.query(sql.unsafe`update daybreak.template_versions set name = ${hostile}`)
  const text = await page.text()
  t.true(text.split('&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;').length > 4)
  t.notRegex(text, /<script>/)
})

test('an empty deployment says what to do next', async (t) => {
  const { text, db } = await setup(t, { preset: { instances: null } })
  t.regex(words(await text()), /No pools yet\..*daybreak templates push.*No workspaces yet\. Make one of a template/)
  await db.query(sql.unsafe`update daybreak.template_version_presets set desired_instances = 2, name = 'it''s warm'`)
  const offer = words(await text())
  t.regex(offer, /0 of 2 prebuilds ready/)
  t.regex(
    offer,
    /daybreak workspaces create my-workspace --template t-\w+ --preset &#39;it&#39;\\&#39;&#39;s warm&#39;/,
  )
})

test('a pool says how full it is, how many are wanted until when, and what holds it up', async (t) => {
  const schedules = [{ cron: '* * * * *', instances: 3 }]
  const { db, world, text } = await setup(t, { preset: { instances: 1, timezone: 'UTC', schedules } })
  await aReadyPrebuild(db, world)
  const before = words(await text())
  t.regex(before, /warm 1 \/ 3 ready 0 starting 0 failed/)
  t.regex(before, /Wanted now 3 always — window \* \* \* \* \* Week .*: 3, else 1/)
  await storeBoundary(db, {
    presetId: world.presetId,
    nextAt: null,
    nextReason: null,
    appliedAt: new Date(),
    desired: 3,
    windowCron: null,
    windowUntil: null,
    hold: 'backoff',
    tzdata: '',
  })
  t.regex(words(await text()), /1 pool on hold .* Waiting before the next attempt, because the last one failed\./)
  await db.query(sql.unsafe`delete from daybreak.template_version_preset_prebuild_schedules`)
  t.regex(words(await text()), /Wanted now 1 at all times Week always 1/)
})

test('a workspace says how far it is, from the claim to a lost agent', async (t) => {
  const page = await setup(t, { preset: { instances: 1 } })
  const { db, world } = page
  await aReadyPrebuild(db, world)
  const claimed = await claim(page, { name: 'mine' })
  const row = async () => words(/<tr id="workspace-.*?<\/tr>/s.exec(await page.text())?.[0] ?? '')
  t.regex(await row(), /^mine admin t-\w+ \/ warm claimed \d s ago, waiting for the agent \d s$/)
  const agent = async (state: string) => {
    await db.query(sql.unsafe`update daybreak.workspace_agents
      set acknowledged_generation = reinit_generation, lifecycle_state = ${state}
      where workspace_id = ${claimed?.workspaceId ?? ''}`)
    return await row()
  }
  t.regex(await agent('starting'), /running, start scripts running/)
  t.regex(await agent('start_error'), /running, a start script failed/)
  t.regex(await agent('ready'), / ready \d s$/)
  await db.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = now()`)
  t.regex(await row(), /agent disconnected/)
  const error = `no\n room ${'x'.repeat(500)}`
  await db.query(sql.unsafe`update daybreak.provisioner_jobs set error = ${error} where workspace_id is not null`)
  t.regex(await row(), /failed: no room x{100,152}… \d/)
})

test('a failed prebuild says why', async (t) => {
  const { db, world, text } = await setup(t, { preset: { instances: 1 } })
  const workspaceId = await aReadyPrebuild(db, world)
  await failPoolRow(db, { workspaceId })
  await insertEvent(db, {
    presetId: world.presetId,
    kind: 'start_failed',
    workspaceId,
    userId: null,
    detail: 'exit status 3',
  })
  const page = words(await text())
  t.regex(page, /0 \/ 1 ready 0 starting 1 failed/)
  t.regex(page, /In the pool .* warm failed: exit status 3/)
})

test('members see their own workspaces, admins everybody’s', async (t) => {
  const page = await setup(t, { preset: { instances: 1 } })
  const { db, world } = page
  await readyPrebuilds(db, world, 2)
  const userId = await aUser(db, world.organizationId)
  await claim(page, { name: 'own-of-member', userId })
  await claim(page, { name: 'own-of-admin' })
  const member = await page.text(await page.signIn(userId))
  t.regex(member, /own-of-member/)
  t.notRegex(member, /own-of-admin/)
  t.regex(await page.text(), /own-of-admin.*own-of-member|own-of-member.*own-of-admin/s)
})

test('beyond the bound the page says how many more there are', async (t) => {
  const page = await setup(t, { preset: { instances: 1 } })
  const { db, world } = page
  await aReadyPrebuild(db, world)
  await claim(page, { name: 'first' })
  await copyWorkspaces(db, MAX_WORKSPACES + 4)
  const text = await page.text()
  t.is(text.split('<tr id="workspace-').length - 1, MAX_WORKSPACES)
  t.regex(words(text), /205 workspaces .* The newest 200 are shown; there are 5 more\./)
})

/** More of the one that there is, each with a build of its own. */
async function copyWorkspaces(db: Page['db'], count: number): Promise<void> {
  await db.query(sql.unsafe`
    with original as (select w.*, b.template_version_id from daybreak.workspaces w
      join daybreak.workspace_builds b on b.id = w.latest_build_id where w.name = 'first'),
    copies as (insert into daybreak.workspaces (owner_id, organization_id, template_id, name)
      select owner_id, organization_id, template_id, 'w' || n from original, generate_series(1, ${count}) as n
      returning id, organization_id, owner_id),
    jobs as (insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, workspace_id,
        completed_at)
      select organization_id, owner_id, 'process', 'workspace_build', id, now() from copies returning id, workspace_id)
    insert into daybreak.workspace_builds (workspace_id, build_number, transition, reason, initiator_id, job_id,
        resources_job_id,
      template_version_id)
    select j.workspace_id, 1, 'start', 'initiator', o.owner_id, j.id, j.id, o.template_version_id from jobs j,
        original o`)
  await db.query(sql.unsafe`update daybreak.workspaces w set latest_build_id = b.id
    from daybreak.workspace_builds b where b.workspace_id = w.id and w.latest_build_id is null`)
}

test('a window ends on the wall clock of its own zone, and the day is named where it is not plain', (t) => {
  const now = new Date('2026-06-12T09:00:00Z') // a Friday
  const window = { cron: '* 8-18 * * 1-5', timezone: 'Europe/Berlin' }
  const read = (until: string | null, open: typeof window | null = window) =>
    words(windowWords({ desired: 3, window: open, until }, now).text)
  t.is(read('2026-06-12T17:00:00.000Z'), '3 until Fri 19:00 Europe/Berlin — window * 8-18 * * 1-5')
  t.is(read('2026-06-15T08:00:00.000Z', null), 'base count of 3 until Mon 08:00 UTC')
  t.is(read('2027-01-01T00:00:00.000Z', null), 'base count of 3 until 1 Jan 2027 00:00 UTC')
  t.is(
    read('2026-06-12T17:00:00.000Z', { ...window, timezone: 'Mars/Olympus' }),
    '3 until Fri 17:00 UTC — window * 8-18 * * 1-5',
  )
  t.is(read(null), '3 always — window * 8-18 * * 1-5')
  t.is(read(null, null), '3 at all times')
})

test('spans are as coarse as they are long', (t) => {
  const spans = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 9_000_000].map((seconds) => span(seconds * 1000))
  t.deepEqual(spans, ['0 s', '0 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d', '104 d'])
})
