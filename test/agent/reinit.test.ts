import test from 'ava'
import { until } from '../support/until.ts'
import { setup } from './agent.ts'
import { aManifest, aScript, claimed } from './server.ts'

const NOTE = 'echo "$DAYBREAK_STAGE $DAYBREAK_OWNER $DAYBREAK_GENERATION $$" >> "$HOME/runs"'

test('a claim changes the owner inside the same process, in the order that a crash cannot break', async (t) => {
  const world = await setup(t, aManifest({ scripts: [aScript(NOTE)] }))
  const { server, manifest } = world
  const child = world.start()
  await until(() => server.lifecycle().includes('ready') && server.streams.size === 1)
  const next = claimed(manifest)
  server.state.manifest = next
  const before = server.calls.length
  server.announce(next)
  await until(() => server.lifecycle().length === 4)
  const wanted = ['GET manifest', 'POST reinit/ack', 'POST lifecycle', 'POST lifecycle']
  const order = server
    .named()
    .slice(before)
    .filter((call) => wanted.includes(call))
  t.deepEqual(order, wanted)
  const ack = server.calls.find(({ call }) => call === 'POST reinit/ack')
  t.deepEqual(ack?.body, { generation: 1 })
  t.is(ack?.agentId, next.agent_id)
  t.deepEqual(await until(() => world.remembered()), { generation: 1, acknowledgedBy: next.agent_id })
  const runs = (await world.read('runs'))
    ?.trim()
    .split('\n')
    .map((line) => line.replace(/ \d+$/, ''))
  t.deepEqual(runs, ['prebuild prebuilds 0', 'claim ada 1'])
  t.is(child.exitCode, null)
  const beat = (id: string) => server.calls.some(({ call, agentId }) => call === 'POST heartbeat' && agentId === id)
  await until(() => beat(next.agent_id))
})

test('a generation is persisted before the manifest is loaded, and script children are gone by then', async (t) => {
  const scripts = [aScript('echo $$ > "$HOME/pid"; sleep 600')]
  const world = await setup(t, aManifest({ scripts }))
  const { server, manifest } = world
  world.start()
  await until(async () => (await world.read('pid')) && server.streams.size === 1)
  const pid = Number(await world.read('pid'))
  const next = claimed(manifest, { scripts: [] })
  let atLoad: { running: boolean; loads: number } | undefined
  server.state.answer = (call) => {
    if (call === 'GET manifest') atLoad = { running: isRunning(pid), loads: 1 }
    return call === 'POST reinit/ack' ? { status: 503 } : undefined
  }
  server.state.manifest = next
  server.announce(next)
  await until(() => server.named().includes('POST reinit/ack'))
  t.false(atLoad?.running)
  t.deepEqual(await world.remembered(), { generation: 1, acknowledgedBy: '' })
  server.state.answer = () => undefined
  await until(() => server.lifecycle().includes('ready'))
  t.deepEqual(server.lifecycle(), ['starting', 'starting', 'ready'], 'the stopped start was not reported as a failure')
})

test('the same event twice changes nothing more', async (t) => {
  const world = await setup(t, aManifest({ scripts: [aScript(NOTE)] }))
  const { server, manifest } = world
  world.start()
  await until(() => server.lifecycle().includes('ready') && server.streams.size === 1)
  const next = claimed(manifest)
  server.state.manifest = next
  server.announce(next)
  server.announce(next)
  await until(() => server.lifecycle().length === 4 && server.named().includes('GET reinit?generation=1'))
  await until(() => server.streams.size === 1)
  server.announce(next)
  const third = claimed(next)
  server.state.manifest = third
  server.announce(third)
  await until(() => server.lifecycle().length === 6)
  const acks = server.calls.filter(({ call }) => call === 'POST reinit/ack').map(({ body }) => body)
  t.deepEqual(acks, [{ generation: 1 }, { generation: 2 }])
})

test('events during a transition wait for their turn, and the latest generation wins', async (t) => {
  const world = await setup(t, aManifest())
  const { server, manifest } = world
  world.start()
  await until(() => server.lifecycle().includes('ready') && server.streams.size === 1)
  const second = claimed(manifest)
  const third = claimed(second)
  const fourth = claimed(third)
  server.state.answer = (call) => {
    if (call !== 'POST reinit/ack') return undefined
    server.state.answer = () => undefined
    server.state.manifest = fourth
    server.announce(third)
    server.announce(fourth)
    return { status: 503 }
  }
  server.state.manifest = second
  server.announce(second)
  await until(() => server.named().includes('GET reinit?generation=3'))
  const acks = server.calls.filter(({ call }) => call === 'POST reinit/ack').map(({ body }) => body)
  t.deepEqual(acks.at(-1), { generation: 3 })
  t.deepEqual(acks, [{ generation: 1 }, { generation: 1 }, { generation: 3 }])
})

test('an event while start scripts run stops them', async (t) => {
  const world = await setup(t, aManifest({ scripts: [aScript('touch "$HOME/up"; sleep 600')] }))
  const { server, manifest } = world
  world.start()
  await until(async () => (await world.read('up')) !== undefined && server.streams.size === 1)
  const next = claimed(manifest, { scripts: [aScript('true')] })
  server.state.manifest = next
  server.announce(next)
  await until(() => server.lifecycle().includes('ready'))
  t.deepEqual(server.lifecycle(), ['starting', 'starting', 'ready'])
})

test('an acknowledgement that the server never got is repeated by the next process', async (t) => {
  const world = await setup(t, aManifest())
  const { server, manifest } = world
  const child = world.start()
  await until(() => server.lifecycle().includes('ready') && server.streams.size === 1)
  const next = claimed(manifest)
  server.state.manifest = next
  server.state.answer = (call) => (call === 'POST reinit/ack' ? 'hang' : undefined)
  server.announce(next)
  await until(() => server.named().includes('POST reinit/ack'))
  child.kill('SIGKILL')
  server.state.answer = () => undefined
  server.calls.length = 0
  world.start()
  await until(() => server.lifecycle().includes('ready'))
  t.deepEqual(server.named().slice(0, 2), ['GET manifest', 'POST reinit/ack'])
  await until(async () => (await world.remembered())?.acknowledgedBy === next.agent_id)
})

test('an acknowledged generation is not acknowledged again by the next process', async (t) => {
  const world = await setup(t, aManifest({ generation: 1 }))
  const { server } = world
  const child = world.start()
  await until(() => server.lifecycle().includes('ready'))
  t.is(server.named().filter((call) => call === 'POST reinit/ack').length, 1)
  await until(async () => (await world.remembered())?.acknowledgedBy)
  child.kill('SIGKILL')
  server.calls.length = 0
  world.start()
  await until(() => server.named().includes('GET reinit?generation=1') && server.lifecycle().includes('ready'))
  t.false(server.named().includes('POST reinit/ack'))
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
