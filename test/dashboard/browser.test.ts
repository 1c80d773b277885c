import { existsSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { chromium } from 'playwright-core'
import { sql } from 'slonik'
import { z } from 'zod'
import { setPassword } from '../../sql/users.sql.ts'
import { tryClaim } from '../../src/claims.ts'
import { passwords } from '../../src/password.ts'
import { aReadyPrebuild, readyPrebuilds } from '../support/factories.ts'
import { until } from '../support/until.ts'
import { openPage, type Page } from './page.ts'

const BROWSER = '/usr/bin/chromium'
/** Alone with this page: nothing is to be asked of, or told to, any other place. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Undefined, and the test passed, where there is no browser. */
async function openBrowser(t: ExecutionContext) {
  if (!existsSync(BROWSER)) {
    t.log(`skipped: there is no browser at ${BROWSER}`)
    t.pass()
    return undefined
  }
  const browser = await chromium.launch({ executablePath: BROWSER, args: ARGUMENTS })
  t.teardown(async () => await browser.close())
  const tab = await browser.newPage()
  const problems: string[] = []
  tab.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  tab.on('pageerror', ({ message }) => problems.push(message))
  return { tab, problems }
}

const claim = async ({ db, world }: Page, name: string) =>
  await tryClaim(db, {
    target: world.target,
    userId: world.adminId,
    actorId: world.adminId,
    name,
    now: new Date(),
    idempotency: null,
  })

test('the page of a real browser shows pools, and changes appear without a reload', async (t) => {
  const opened = await openBrowser(t)
  if (!opened) return
  const { tab, problems } = opened
  const page = await openPage(t, { preset: { instances: 2 } })
  const { db, world, wake } = page
  await readyPrebuilds(db, world, 2)
  await tab.goto(`${page.url}/sign-in?token=${await page.aLink(world.adminId)}`)
  t.is(new URL(tab.url()).pathname, '/')
  await tab.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
  const text = async (selector: string) => (await tab.locator(selector).innerText()).replace(/\s+/g, ' ')

  t.regex(await text('.pool'), /warm 2 \/ 2 ready/)
  t.regex(await text('#workspaces-note'), /No workspaces yet/)
  await until(async () => (await text('#connection')) === 'Live')

  await claim(page, 'mine')
  await wake()
  await until(async () => /1 \/ 2 ready/.test(await text('.pool')))
  t.regex(await text('#workspace-rows'), /^mine admin .* claimed \d+ s ago, waiting for the agent/)
  t.is(await text('#workspaces-note'), '')
  t.is(await tab.locator('#prebuild-rows tr').count(), 1)

  const second = await aReadyPrebuild(db, world)
  await wake()
  const rows = () => tab.locator('#prebuild-rows tr').evaluateAll((all) => all.map(({ id }) => id))
  t.is((await until(rows, ({ length }) => length === 2))[0], `prebuild-${second}`, 'the newest is on top')
  t.regex(await text('.pool'), /2 \/ 2 ready/)
  t.true(await tab.evaluate(() => 'sameDocument' in globalThis))

  await tab.getByRole('button', { name: 'Sign out' }).click()
  await tab.waitForSelector('.signed-out')
  t.regex(await text('main'), /one-time link/)
  t.deepEqual(
    problems.filter((problem) => !problem.includes('401')),
    [],
  )
})

test('a page that lost the server catches up, and one whose session ended says so', async (t) => {
  const opened = await openBrowser(t)
  if (!opened) return
  const { tab } = opened
  const page = await openPage(t, { preset: { instances: 1 } })
  const { db, world } = page
  await readyPrebuilds(db, world, 1)
  await tab.goto(`${page.url}/sign-in?token=${await page.aLink(world.adminId)}`)
  const connection = tab.locator('#connection')
  await until(async () => (await connection.innerText()) === 'Live')

  await claim(page, 'while-away') // nobody is told
  page.cut()
  await tab.waitForSelector('text=while-away')
  t.is(await connection.innerText(), 'Live')

  await db.query(sql.unsafe`delete from daybreak.api_keys`)
  await page.wake()
  await tab.waitForSelector('.signed-out')
  t.is(await tab.locator('text=while-away').count(), 0)
})

test('somebody who was sent to sign the command line in signs in first, and takes a token away', async (t) => {
  const opened = await openBrowser(t)
  if (!opened) return
  const { tab, problems } = opened
  const page = await openPage(t)
  await setPassword(page.db, {
    id: page.world.adminId,
    passwordHash: await passwords.hash('correct horse battery'),
  })
  const { username } = await page.db.one(sql.type(z.object({ username: z.string() }))`
    update daybreak.users set login_type = 'password' where id = ${page.world.adminId} returning username`)
  await tab.goto(`${page.url}/cli-auth`)
  const fill = async (password: string) => {
    await tab.getByLabel('Name or mail address').fill(username)
    await tab.getByLabel('Password').fill(password)
    await tab.getByRole('button', { name: 'Sign in' }).click()
  }
  await fill('wrong')
  t.regex(await tab.getByRole('alert').innerText(), /^Incorrect email or password/)
  await fill('correct horse battery')
  await tab.getByRole('button', { name: 'Make a token for the command line' }).click()
  t.regex(await tab.locator('.secret').innerText(), /^\w{10}-\w{22}$/)
  t.is(tab.url(), `${page.url}/cli-auth`)
  t.deepEqual(
    problems.filter((problem) => !problem.includes('401')),
    [],
  )
})
