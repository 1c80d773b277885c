import test from 'ava'
import { until } from '../support/until.ts'
import { exitOf, setup } from './agent.ts'
import { aManifest, aScript } from './server.ts'

const onStop = { run_on_start: false, run_on_stop: true }

test('SIGTERM runs the stop scripts, reports off, sends the last logs and ends well', async (t) => {
  const { server, start, read } = await setup(
    t,
    aManifest({ scripts: [aScript('echo bye; touch "$HOME/bye"', onStop)] }),
  )
  const child = start()
  await until(() => server.lifecycle().includes('ready'))
  t.is(await read('bye'), undefined)
  child.kill('SIGTERM')
  t.deepEqual(await exitOf(child), { code: 0, signal: null })
  t.deepEqual(server.lifecycle(), ['starting', 'ready', 'shutting_down', 'off'])
  t.deepEqual(server.outputs(), ['bye'])
})

test('start scripts that still run are ended first, and are not called a failure', async (t) => {
  const scripts = [aScript('touch "$HOME/up"; sleep 600'), aScript('true', onStop)]
  const { server, start, read } = await setup(t, aManifest({ scripts }))
  const child = start()
  await until(async () => (await read('up')) !== undefined)
  child.kill('SIGINT')
  t.is((await exitOf(child)).code, 0)
  t.deepEqual(server.lifecycle(), ['starting', 'shutting_down', 'off'])
})

test('a stop script that fails is reported', async (t) => {
  const { server, start } = await setup(t, aManifest({ scripts: [aScript('exit 4', onStop)] }))
  const child = start()
  await until(() => server.lifecycle().includes('ready'))
  child.kill('SIGTERM')
  t.is((await exitOf(child)).code, 0)
  t.deepEqual(server.lifecycle().slice(-2), ['shutting_down', 'shutdown_error'])
  t.deepEqual(server.outputs(), ['ended with exit code 4'])
})

test('a stop script that hangs gets its timeout and no more', async (t) => {
  const hanging = aScript('trap "" TERM; while :; do sleep 0.1; done', { ...onStop, timeout_seconds: 1 })
  const { server, start } = await setup(t, aManifest({ scripts: [hanging] }))
  const child = start()
  await until(() => server.lifecycle().includes('ready'))
  child.kill('SIGTERM')
  t.is((await exitOf(child)).code, 0)
  t.deepEqual(server.lifecycle().slice(-2), ['shutting_down', 'shutdown_timeout'])
})

test('a second signal ends the agent at once', async (t) => {
  const script = aScript('touch "$HOME/stopping"; sleep 600', onStop)
  const { server, start, read } = await setup(t, aManifest({ scripts: [script] }))
  const child = start()
  await until(() => server.lifecycle().includes('ready'))
  child.kill('SIGTERM')
  await until(async () => (await read('stopping')) !== undefined)
  child.kill('SIGTERM')
  t.is((await exitOf(child)).code, 1)
})

test('an agent whose server is away still stops', async (t) => {
  const { server, start, read } = await setup(t, aManifest({ scripts: [aScript('touch "$HOME/bye"', onStop)] }))
  const child = start()
  await until(() => server.lifecycle().includes('ready'))
  await server.close()
  child.kill('SIGTERM')
  t.is((await exitOf(child)).code, 0)
  t.not(await read('bye'), undefined)
})

test('an agent that never found its server stops at once', async (t) => {
  const world = await setup(t, aManifest())
  await world.server.close()
  const child = world.start()
  await until(() => world.log().includes('asking again'))
  child.kill('SIGTERM')
  t.is((await exitOf(child)).code, 0)
})
