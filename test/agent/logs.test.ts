import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { until } from '../support/until.ts'
import { setup } from './agent.ts'
import { aManifest, aScript, type Recorded } from './server.ts'

type Batch = { log_source_id: string; logs: { created_at: string; level: string; output: string }[] }

function batches(calls: Recorded[]): Batch[] {
  return calls.filter(({ call }) => call === 'PATCH logs').map(({ body }) => body as Batch)
}

test('both outputs arrive as lines of the script that wrote them', async (t) => {
  const script = aScript('echo out; echo err >&2; printf unfinished')
  const { server, start } = await setup(t, aManifest({ scripts: [script] }))
  start()
  await until(() => server.outputs().length === 3)
  const logs = server.logs().map(({ level, output }) => `${level} ${output}`)
  t.deepEqual(logs.toSorted(), ['error err', 'info out', 'info unfinished'])
  for (const { log_source_id, logs: lines } of batches(server.calls)) {
    t.is(log_source_id, script.log_source_id)
    for (const { created_at } of lines) t.regex(created_at, /^\d{4}-\d\d-\d\dT.*Z$/)
  }
})

test('a line is there while its script still runs', async (t) => {
  const script = aScript('echo early; while [ ! -e "$HOME/go" ]; do sleep 0.02; done')
  const { server, start } = await setup(t, aManifest({ scripts: [script] }))
  start()
  await until(() => server.outputs().includes('early'))
  t.deepEqual(server.lifecycle(), ['starting'])
})

test('what a failed script wrote is there before its failure is reported', async (t) => {
  const { server, start } = await setup(t, aManifest({ scripts: [aScript('echo why; exit 3')] }))
  start()
  await until(() => server.lifecycle().includes('start_error'))
  const calls = server.named()
  t.true(calls.indexOf('PATCH logs') < calls.lastIndexOf('POST lifecycle'), calls.join(', '))
})

test('many lines travel in order, in batches of at most a hundred', async (t) => {
  const { server, start } = await setup(t, aManifest({ scripts: [aScript('seq 1 850')] }))
  start()
  await until(() => server.outputs().length >= 850)
  t.deepEqual(
    server.outputs(),
    Array.from({ length: 850 }, (_, index) => String(index + 1)),
  )
  const sizes = batches(server.calls).map(({ logs }) => logs.length)
  t.true(sizes.every((size) => size <= 100))
  t.true(sizes.length <= 12, `${sizes.length} requests for 850 lines`)
})

test('what a busy server could not take is dropped from the front, and a line says how much', async (t) => {
  const { server, start } = await setup(t, aManifest({ scripts: [aScript('seq 1 5000')] }))
  let isAway = true
  server.state.answer = (call) => (call === 'PATCH logs' && isAway ? { status: 503 } : undefined)
  start()
  await until(() => server.lifecycle().includes('ready'))
  server.calls.length = 0
  isAway = false
  await until(() => server.outputs().includes('5000'))
  const dropped = server.outputs().find((line) => line.endsWith(' lines dropped'))
  t.truthy(dropped)
  t.is(Number.parseInt(dropped ?? '', 10) + new Set(server.outputs()).size - 1, 5000)
})

test('a source of which the server keeps no more falls silent', async (t) => {
  const script = aScript('echo one; while [ ! -e "$HOME/go" ]; do sleep 0.02; done; echo two')
  const { server, start, home } = await setup(t, aManifest({ scripts: [script] }))
  server.state.answer = (call) => (call === 'PATCH logs' ? { status: 413 } : undefined)
  const child = start()
  await until(() => server.outputs().includes('one'))
  await writeFile(join(home, 'go'), '')
  await until(() => server.lifecycle().includes('ready'))
  child.kill('SIGTERM')
  await until(() => server.lifecycle().includes('off'))
  t.false(server.outputs().includes('two'))
})
