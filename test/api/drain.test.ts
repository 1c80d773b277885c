// How a server stops: load balancers hear of it first, and nobody's open connection holds it up.
import http from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { aFullWorld } from './everyRoute.ts'

/** Far below the five seconds after which connections are cut. */
const SOON_MS = 1_500

test('a stream that its client aborts just before does not hold up the stop', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const aborter = new AbortController()
  const response = await fetch(`${server.url}/api/v2/workspaces/${ids.workspace}/watch`, {
    headers: { 'coder-session-token': server.token },
    signal: aborter.signal,
  })
  await response.body!.getReader().read()
  aborter.abort()
  const startedMs = performance.now()
  await server.stop()
  t.true(performance.now() - startedMs < SOON_MS, `${performance.now() - startedMs} ms`)
})

test('open streams end, and idle connections that clients keep are closed', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const headers = { 'coder-session-token': server.token }
  const streams = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const request = http.get(`${server.url}/api/v2/workspaces/${ids.workspace}/watch`, { agent, headers })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      await once(response, 'data')
      return { ended: once(response.resume(), 'end') }
    }),
  )
  const startedMs = performance.now()
  await server.stop()
  t.true(performance.now() - startedMs < SOON_MS, `${performance.now() - startedMs} ms`)
  await Promise.all(streams.map(({ ended }) => ended))
})

test('a stream that is being opened when the server stops ends with the others', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const headers = { 'coder-session-token': server.token }
  const stopped = Promise.withResolvers<void>()
  const opened = Array.from({ length: 30 }, async (_, i) => {
    await sleep(i) // some before, some while, some after the hub closes
    const response = await fetch(`${server.url}/api/v2/workspaces/${ids.workspace}/watch`, { headers })
    await response.text()
  })
  await sleep(10)
  const startedMs = performance.now()
  server.stop().then(stopped.resolve, stopped.reject)
  await Promise.allSettled(opened)
  await stopped.promise
  t.true(performance.now() - startedMs < SOON_MS, `${performance.now() - startedMs} ms`)
})

test('a server that stops says so first, and still serves while load balancers look', async (t) => {
  const server = await startServer(t, { role: 'api', env: { DAYBREAK_DRAIN_SECONDS: '1' } })
  t.is((await fetch(`${server.url}/readyz`)).status, 200)
  const stopped = server.stop()
  const unready = await until(
    () => fetch(`${server.url}/readyz`),
    ({ status }) => status === 503,
  )
  t.is(await unready.text(), 'This server is stopping.')
  t.is(unready.headers.get('connection'), 'close')
  t.is((await fetch(`${server.url}/healthz`)).status, 200)
  t.is((await fetch(`${server.url}/api/v2/buildinfo`)).status, 200)
  await stopped
  await t.throwsAsync(fetch(`${server.url}/healthz`))
})

test('a request under way is answered, and its connection closed then', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { token, url } = server
  const request = http.request(`${url}/api/v2/authcheck`, {
    method: 'POST',
    headers: { 'coder-session-token': token, 'content-type': 'application/json', 'content-length': 13 },
  })
  request.write('{"checks"')
  await sleep(50) // the server has read the headers by then, or the next line would say so
  const startedMs = performance.now()
  const stopped = server.stop()
  request.end(':{}}')
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  t.is(response.statusCode, 200)
  response.resume()
  await stopped
  t.true(performance.now() - startedMs < SOON_MS, `${performance.now() - startedMs} ms`)
})
