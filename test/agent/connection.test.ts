import test from 'ava'
import { rename, writeFile } from 'node:fs/promises'
import { until } from '../support/until.ts'
import { setup } from './agent.ts'
import { aManifest, aScript, claimed, startServer } from './server.ts'

const CUTS = [
  'GET manifest',
  'POST reinit/ack',
  'POST lifecycle',
  'POST heartbeat',
  'GET reinit?generation=0',
  'PATCH logs',
]

for (const cut of CUTS) {
  test(`a connection that is cut at ${cut} is tried again, and the claim arrives`, async (t) => {
    const world = await setup(t, aManifest({ scripts: [aScript('echo said')] }))
    const { server, manifest } = world
    let left = 2
    server.state.answer = (call) => (call === cut && left-- > 0 ? 'cut' : undefined)
    world.start()
    await until(
      () => server.lifecycle().includes('ready') && server.streams.size > 0 && server.outputs().includes('said'),
    )
    const next = claimed(manifest)
    server.state.manifest = next
    server.announce(next)
    await until(() => server.lifecycle().filter((state) => state === 'ready').length === 2)
    await until(() => left <= 0)
    t.true(server.named().includes('POST reinit/ack'))
  })
}

test('a stream that ended in the middle of an event is opened again with the last generation seen', async (t) => {
  const world = await setup(t, aManifest())
  const { server, manifest } = world
  world.start()
  await until(() => server.streams.size === 1)
  for (const stream of server.streams) stream.end('id: 1\ndata: {"reason":')
  await until(() => server.named().filter((call) => call === 'GET reinit?generation=0').length === 2)
  await until(() => server.streams.size === 1)
  server.state.manifest = claimed(manifest)
  server.announce(server.state.manifest)
  await until(() => server.named().includes('POST reinit/ack'))
  t.pass()
})

test('a workspace that cannot change hands is not asked about again', async (t) => {
  const { server, start, log } = await setup(t, aManifest())
  const refusal = { status: 409, body: { code: 'reinit_not_applicable' } }
  server.state.answer = (call) => (call.startsWith('GET reinit') ? refusal : undefined)
  const child = start()
  await until(
    () => server.lifecycle().includes('ready') && server.named().some((call) => call.startsWith('GET reinit')),
  )
  child.kill('SIGTERM')
  await until(() => child.exitCode !== null)
  t.is(server.named().filter((call) => call.startsWith('GET reinit')).length, 1)
  t.notRegex(log(), /reinit/)
})

test('a superseded agent loads its manifest again and becomes the new one', async (t) => {
  const world = await setup(t, aManifest({ scripts: [aScript('echo "$DAYBREAK_OWNER" >> "$HOME/runs"')] }))
  const { server, manifest } = world
  world.start()
  await until(() => server.lifecycle().includes('ready') && server.streams.size === 1)
  const next = claimed(manifest)
  server.state.manifest = next
  server.state.answer = (_call, { agentId }) =>
    agentId === manifest.agent_id ? { status: 401, body: { code: 'superseded' } } : undefined
  for (const stream of server.streams) stream.end()
  await until(() => server.lifecycle().length === 4)
  t.deepEqual((await world.read('runs'))?.trim().split('\n'), ['prebuilds', 'ada'])
  t.is(server.calls.find(({ call }) => call === 'POST reinit/ack')?.agentId, next.agent_id)
  t.deepEqual(await until(() => world.remembered()), { generation: 1, acknowledgedBy: next.agent_id })
})

test('a refused token is read again from its file', async (t) => {
  const { server, start, tokenFile, log } = await setup(t, aManifest())
  server.state.answer = (_call, { token }) => (token === 'new-token' ? undefined : { status: 401, body: {} })
  start()
  await until(() => server.calls.length >= 2)
  await writeFile(`${tokenFile}.draft`, 'new-token\n')
  await rename(`${tokenFile}.draft`, tokenFile)
  await until(() => server.lifecycle().includes('ready'))
  t.notRegex(log(), /secret-token|new-token/)
})

test('an agent that finds no server waits for it', async (t) => {
  const world = await setup(t, aManifest())
  const { port } = world.server
  await world.server.close()
  const child = world.start()
  await until(() => world.log().includes('asking again'))
  const later = await startServer(world.manifest, port)
  t.teardown(() => later.close())
  await until(() => later.lifecycle().includes('ready'))
  t.is(child.exitCode, null)
})

test('a manifest that makes no sense is asked for again', async (t) => {
  const { server, start, log } = await setup(t, aManifest())
  let left = 1
  server.state.answer = (call) =>
    call === 'GET manifest' && left-- > 0 ? { status: 200, body: { agent_id: 7 } } : undefined
  start()
  await until(() => server.lifecycle().includes('ready'))
  t.regex(log(), /agent_id is not a string/)
})
