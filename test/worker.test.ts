import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { repeat } from '../src/worker.ts'

test('what is repeated never runs beside itself, survives its errors, and has ended when it is stopped', async (t) => {
  let running = 0
  let most = 0
  let runs = 0
  const errors: unknown[] = []
  const third = Promise.withResolvers<void>()
  const work = async (): Promise<void> => {
    running++
    most = Math.max(most, running)
    if (++runs === 3) third.resolve()
    await sleep(20)
    running--
    if (runs === 1) throw new Error('the first fails')
  }
  const repeated = repeat(work, { everyMs: 1, onError: (error) => errors.push(error) })
  await third.promise
  await repeated.stop()
  t.deepEqual({ most, running, runs }, { most: 1, running: 0, runs: 3 })
  t.is(errors.length, 1)
  await sleep(30)
  t.is(runs, 3)
})
