import test from 'ava'
import { chromium } from 'playwright-core'
import { sql } from 'slonik'
import { aTemplate, aUser, readyPrebuilds } from '../support/factories.ts'
import { storeBoundary } from '../../sql/reconcile.sql.ts'
import { failPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { insertEvent } from '../../sql/claims.sql.ts'
import { tryClaim } from '../../src/claims.ts'
import { openPage } from './page.ts'
test('shots', async (t) => {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  const shot = async (page: any, name: string, options: any, cookie = true, path = '/') => {
    const context = await browser.newContext(options)
    const tab = await context.newPage()
    if (cookie) await tab.goto(`${page.url}/sign-in?token=${await page.aLink(page.world.adminId)}`)
    else await tab.goto(page.url + path)
    await new Promise((r) => setTimeout(r, 1200))
    await tab.screenshot({ path: `/tmp/dashboard-${name}.png`, fullPage: true })
    const wide = await tab.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)
    t.log(name, wide)
    await context.close()
  }
  const empty = await openPage(t, { preset: { instances: null } })
  await shot(empty, 'empty', { viewport: { width: 1100, height: 700 } })
  await shot(empty, 'signed-out', { viewport: { width: 1100, height: 600 } }, false, '/sign-in?token=x')
  const week = [
    { cron: '* 8-18 * * 1-5', instances: 3 },
    { cron: '* 19-23 * * 1-5', instances: 2 },
  ]
  const page = await openPage(t, { preset: { instances: 1, timezone: 'Europe/Berlin', schedules: week } })
  const { db, world } = page
  await db.query(sql.unsafe`update daybreak.templates set name = 'node-api'`)
  const more = async (name: string, preset: string, options: any) => {
    const w = await aTemplate(db, { organizationId: world.organizationId, adminId: world.adminId, ...options })
    await db.query(sql.unsafe`update daybreak.templates set name = ${name} where id = ${w.templateId}`)
    await db.query(sql.unsafe`update daybreak.template_version_presets set name = ${preset} where id = ${w.presetId}`)
    return w
  }
  const gpu = await more('ml-notebook', 'gpu-large', { instances: 4 })
  const java = await more('payments-service', 'With a seeded database', { instances: 6 })
  await readyPrebuilds(db, world, 5)
  await readyPrebuilds(db, java, 8)
  const [bad] = await readyPrebuilds(db, gpu, 1)
  await failPoolRow(db, { workspaceId: bad! })
  await insertEvent(db, {
    presetId: gpu.presetId,
    kind: 'start_failed',
    workspaceId: bad!,
    userId: null,
    detail: 'The script "warm the cache" ended with exit status 3.',
  })
  const [boot] = await readyPrebuilds(db, world, 1)
  await db.query(
    sql.unsafe`update daybreak.prebuild_pool set state = 'booting', ready_at = null where workspace_id = ${boot!}`,
  )
  await storeBoundary(db, {
    presetId: gpu.presetId,
    nextAt: null,
    nextReason: null,
    appliedAt: new Date(),
    desired: 4,
    windowCron: null,
    windowUntil: null,
    hold: 'backoff',
    tzdata: '',
  })
  const grace = await aUser(db, world.organizationId, 'grace')
  const take = async (w: any, name: string, userId: string, state?: string) => {
    const c = await tryClaim(db, {
      target: w.target,
      userId,
      actorId: userId,
      name,
      now: new Date(),
      idempotency: null,
    })
    if (state)
      await db.query(
        sql.unsafe`update daybreak.workspace_agents set acknowledged_generation = reinit_generation, lifecycle_state = ${state} where workspace_id = ${c!.workspaceId}`,
      )
    await db.query(
      sql.unsafe`update daybreak.workspaces set created_at = now() - make_interval(mins => ${Math.floor(Math.random() * 3000)}) where id = ${c!.workspaceId}`,
    )
    return c!.workspaceId
  }
  await take(world, 'fix-login-flow', world.adminId, 'ready')
  await take(java, 'review-4312', grace, 'starting')
  const lost = await take(java, 'long-lived-experiment-with-a-long-name', grace, 'ready')
  await db.query(sql.unsafe`update daybreak.workspace_agents set disconnected_at = now() where workspace_id = ${lost}`)
  const failed = await take(java, 'spike', world.adminId, 'ready')
  await db.query(
    sql.unsafe`update daybreak.provisioner_jobs set error = 'There is no room left on /var/lib/daybreak; free some, or set another DAYBREAK_HOME.' where workspace_id = ${failed}`,
  )
  await take(world, 'demo', grace)
  for (const [name, o] of Object.entries({
    light: { viewport: { width: 1200, height: 800 } },
    dark: { viewport: { width: 1200, height: 800 }, colorScheme: 'dark' },
    narrow: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
  }))
    await shot(page, name, o)
  await browser.close()
})
