import test from 'ava'
import { agentState } from '../../src/cli/workspaces/agents.ts'
import { parseWorkspaceName } from '../../src/cli/workspaces/find.ts'
import { progressOf } from '../../src/cli/workspaces/progress.ts'
import { tail } from '../../src/cli/tail.ts'
import type { WorkspaceAgent } from '../../src/contract/workspaces.ts'
import { agent, BUILD_ID, workspace } from './workspace.ts'

const claim = { buildId: BUILD_ID, claimed: true }
const fresh = { buildId: BUILD_ID, claimed: false }
const told = (generation: number, acknowledged_generation: number) => ({
  reinit: { generation, acknowledged_generation, acknowledged_at: null },
})

const isAcknowledged = (agents: WorkspaceAgent[]) => progressOf(workspace({ agents }), claim).acknowledged

test('a claim is acknowledged when every agent confirmed a change of owner', (t) => {
  t.false(isAcknowledged([]), 'no agents')
  t.false(isAcknowledged([agent(told(0, 0))]), 'nothing announced yet')
  t.false(isAcknowledged([agent(told(1, 0))]))
  t.false(isAcknowledged([agent(told(1, 1)), agent(told(2, 1))]))
  t.true(isAcknowledged([agent(told(1, 1)), agent(told(2, 2))]))
})

test('an agent inside another is not waited for', (t) => {
  const inner = agent({ ...told(1, 0), parent_id: BUILD_ID, lifecycle_state: 'starting' })
  t.true(progressOf(workspace({ agents: [agent(told(1, 1)), inner] }), claim).ready)
})

test('a fresh build is waited for, then its agent, then its scripts', (t) => {
  const building = progressOf(workspace({ job: 'running', agents: [] }), fresh)
  t.deepEqual([building.built, building.acknowledged, building.text], [false, false, 'Building'])
  const connecting = progressOf(workspace({ agents: [agent({ status: 'connecting' })] }), fresh)
  t.deepEqual([connecting.built, connecting.acknowledged], [true, false])
  const starting = progressOf(workspace({ agents: [agent({ lifecycle_state: 'starting' })] }), fresh)
  t.deepEqual([starting.acknowledged, starting.ready, starting.text], [true, false, 'Running start scripts'])
  t.true(progressOf(workspace({ agents: [agent({})] }), fresh).ready)
})

test('what will not become ready by waiting says why', (t) => {
  const failed = (options: Parameters<typeof workspace>[0], expected = fresh) =>
    progressOf(workspace(options), expected).failed
  t.is(
    failed({ agents: [agent({ name: 'dev', lifecycle_state: 'start_error' })] }),
    'a start script of agent dev failed',
  )
  t.is(
    failed({ agents: [agent({ lifecycle_state: 'start_timeout' })] }),
    'a start script of agent main did not end in time',
  )
  t.is(failed({ job: 'failed', error: 'no space', agents: [] }), 'no space')
  t.is(failed({ job: 'canceled', agents: [] }), 'its build ended as canceled')
  t.is(failed({ transition: 'stop', agents: [] }, { ...fresh, buildId: 'another' }), 'it was asked to stop meanwhile')
})

test('an agent that is gone is not ready, whatever it reported last', (t) => {
  const gone = agent({ ...told(1, 1), status: 'disconnected' })
  t.false(progressOf(workspace({ agents: [gone] }), claim).ready)
  t.is(agentState(gone), 'disconnected')
})

test('names of workspaces', (t) => {
  t.deepEqual(parseWorkspaceName('mine'), { owner: 'me', name: 'mine' })
  t.deepEqual(parseWorkspaceName('ana/web'), { owner: 'ana', name: 'web' })
  for (const wrong of ['', '/a', 'a/', 'a/b/c']) t.throws(() => parseWorkspaceName(wrong), undefined, wrong)
})

test('a log that grows is read once and to its end', async (t) => {
  const stored: { id: number }[] = [{ id: 3 }]
  const seen: number[] = []
  let asked = 0
  await tail<{ id: number }>({
    read: async (after) => stored.filter(({ id }) => id > after).slice(0, 2),
    each: ({ id }) => seen.push(id),
    isOver: () => {
      asked += 1
      // The last lines are written just before the end is.
      if (asked === 2) stored.push({ id: 7 }, { id: 8 }, { id: 9 })
      return asked === 2
    },
  })
  t.deepEqual(seen, [3, 7, 8, 9])
})

test('a log whose reader is not interested any more ends with its reason', async (t) => {
  const signal = AbortSignal.abort(new Error('enough'))
  await t.throwsAsync(tail({ read: async () => [], each: () => {}, isOver: () => false, signal }), {
    message: 'enough',
  })
})
