import test, { type ExecutionContext } from 'ava'
import { sql } from 'slonik'
import { deleteApiKey } from '../../sql/identity.sql.ts'
import { tryClaim } from '../../src/claims.ts'
import { type Change, createDiffer } from '../../src/dashboard/events.ts'
import { html } from '../../src/dashboard/html.ts'
import { aReadyPrebuild } from '../support/factories.ts'
import { until } from '../support/until.ts'
import { openPage } from './page.ts'

async function setup(t: ExecutionContext) {
  const page = await openPage(t, { preset: { instances: 1 } })
  const workspaceId = await aReadyPrebuild(page.db, page.world)
  return { ...page, workspaceId }
}

/** The changes that a stream has brought so far; `ended` once it is over. */
function listen(t: ExecutionContext, { body }: Response): { changes: Change[]; ended: () => boolean } {
  const changes: Change[] = []
  let over = false
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  const follow = async () => {
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const events = (text + value).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = /^event: change\ndata: (.*)$/.exec(event)?.[1]
        if (data !== undefined) changes.push(JSON.parse(data) as Change)
      }
    }
  }
  follow()
    .catch(() => {}) // the test is over
    .finally(() => (over = true))
  t.teardown(async () => await reader.cancel())
  return { changes, ended: () => over }
}

test('a stream begins with all there is, and then brings what changed and nothing else', async (t) => {
  const { db, world, get, wake, workspaceId } = await setup(t)
  const { changes } = listen(t, await get('/events'))
  const [first] = await until(
    () => changes,
    ({ length }) => length === 1,
  )
  t.deepEqual(first?.lists, {
    'pool-cards': [`pool-${world.presetId}`],
    'workspace-rows': [],
    'prebuild-rows': [`prebuild-${workspaceId}`],
  })
  t.deepEqual(
    first?.swap.map((text) => / id="([a-z]+(-(?:note|row)|))/.exec(text)?.[1]),
    ['summary', 'pools-note', 'workspaces-note', 'prebuilds-note', 'pool', 'prebuild'],
  )

  await db.query(sql.unsafe`update daybreak.template_versions set name = 'v-next'`)
  await wake()
  const [, second] = await until(
    () => changes,
    ({ length }) => length === 2,
  )
  t.deepEqual(second?.lists, {})
  t.regex(second?.swap.find((text) => text.includes('v-next')) ?? '', /^<article id="pool-/)
  t.deepEqual(
    second?.swap.filter((text) => !/^<article|<time/.test(text)),
    [],
    'but for the card, only ages may have changed',
  )
})

test('a claim moves a prebuild from one list to the other', async (t) => {
  const { db, world, get, wake, workspaceId } = await setup(t)
  const { changes } = listen(t, await get('/events'))
  await until(() => changes.length)
  const { target, adminId: userId } = world
  await tryClaim(db, { target, userId, actorId: userId, name: 'mine', now: new Date(), idempotency: null })
  await wake()
  const change = await until(() => changes.find(({ lists }) => lists['workspace-rows']?.length === 1))
  t.deepEqual(change?.lists, { 'workspace-rows': [`workspace-${workspaceId}`], 'prebuild-rows': [] })
  t.regex(change?.swap.find((text) => text.startsWith('<tr')) ?? '', /mine.*waiting for the agent/s)
})

test('many changes at once are few events', async (t) => {
  const { db, get, wake } = await setup(t)
  const { changes } = listen(t, await get('/events'))
  await until(() => changes.length)
  for (let i = 1; i <= 50; i++) {
    await db.query(sql.unsafe`update daybreak.template_versions set name = ${`v${i}`}`)
    await wake()
  }
  await until(() => changes.some(({ swap }) => swap.some((text) => text.includes('v50<'))))
  t.true(changes.length < 10, `${changes.length} events`)
})

test('the stream ends with the session', async (t) => {
  const { db, world, get, signIn, wake } = await setup(t)
  const cookie = await signIn(world.adminId)
  const { changes, ended } = listen(t, await get('/events', { cookie }))
  await until(() => changes.length)
  await deleteApiKey(db, { id: /=(\w{10})/.exec(cookie)?.[1] ?? '' })
  await wake()
  await until(ended)
  t.is((await get('/events', { cookie })).status, 401)
})

test('only so many pages are kept current at once, and those that close make room', async (t) => {
  const { get } = await setup(t)
  const streams = await Promise.all(Array.from({ length: 64 }, () => get('/events')))
  const refused = await get('/events')
  t.is(refused.status, 503)
  t.is(refused.headers.get('retry-after'), '5')
  await streams[0]?.body?.cancel()
  const next = await until(
    () => get('/events'),
    ({ status }) => status === 200,
  )
  for (const { body } of [next, ...streams.slice(1)]) await body?.cancel()
})

const item = (id: string, text: string) => ({ id, html: html`<p id="${id}">${text}</p>` })

test('lists are told by their members, elements by their html', (t) => {
  const differ = createDiffer()
  const none = { 'workspace-rows': [], 'prebuild-rows': [] }
  const render = (...cards: ReturnType<typeof item>[]) =>
    differ({ elements: [], lists: { ...none, 'pool-cards': cards } })
  t.is(render(item('a', '1'), item('b', '1'))?.swap.length, 2)
  t.is(render(item('a', '1'), item('b', '1')), null)
  t.deepEqual(render(item('b', '1'), item('a', '1')), { swap: [], lists: { 'pool-cards': ['b', 'a'] } })
  t.deepEqual(render(item('b', '2')), { swap: ['<p id="b">2</p>'], lists: { 'pool-cards': ['b'] } })
  t.deepEqual(render(item('b', '2'), item('a', '1'))?.swap, ['<p id="a">1</p>'], 'what was gone is sent again')
})
