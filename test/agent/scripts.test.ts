import test from 'ava'
import type { AgentScript } from '../../src/contract/agentApi.ts'
import { until } from '../support/until.ts'
import { setup } from './agent.ts'
import { aManifest, aScript } from './server.ts'

test('an agent without start scripts is ready at once', async (t) => {
  const { server, start } = await setup(t, aManifest())
  start()
  await until(() => server.lifecycle().length === 2)
  t.deepEqual(server.lifecycle(), ['starting', 'ready'])
  t.is(server.named()[0], 'GET manifest')
  t.false(server.named().includes('POST reinit/ack'), 'generation 0 has nothing to acknowledge')
})

test('a call names the agent row and carries the token', async (t) => {
  const { server, start, manifest } = await setup(t, aManifest())
  start()
  await until(() => server.named().includes('POST heartbeat'))
  t.deepEqual([...new Set(server.calls.map(({ token }) => token))], ['secret-token'])
  t.is(server.calls[0]?.agentId, undefined, 'the manifest says which row it is')
  t.is(server.calls.find(({ call }) => call === 'POST heartbeat')?.agentId, manifest.agent_id)
})

test('a script sees who it works for, the variables of its template, and nothing of the worker', async (t) => {
  const over = {
    directory: 'deep/project',
    environment_variables: { COLOUR: 'blue', DAYBREAK_STAGE: 'lie' },
    generation: 3,
  }
  const manifest = aManifest({ ...over, scripts: [aScript('env | sort > "$HOME/env.txt"; pwd > "$HOME/pwd.txt"')] })
  const { server, start, read, home } = await setup(t, manifest)
  start()
  await until(() => server.lifecycle().includes('ready'))
  const shells = /^(PWD|SHLVL|_|OLDPWD)=/
  const lines = (await read('env.txt'))
    ?.trim()
    .split('\n')
    .filter((line) => !shells.test(line))
  t.deepEqual(lines, [
    'COLOUR=blue',
    'DAYBREAK_AGENT_NAME=main',
    'DAYBREAK_GENERATION=3',
    'DAYBREAK_OWNER=prebuilds',
    'DAYBREAK_STAGE=prebuild',
    `DAYBREAK_WORKSPACE_ID=${manifest.workspace_id}`,
    'DAYBREAK_WORKSPACE_NAME=w1',
    `HOME=${home}`,
    'LANG=C.UTF-8',
    'PATH=/usr/local/bin:/usr/bin:/bin',
  ])
  t.is((await read('pwd.txt'))?.trim(), `${home}/deep/project`)
})

test('start scripts run at the same time, and what a script creates is for its user alone', async (t) => {
  const { server, start, read } = await setup(t, aManifest({ scripts: [meet('a', 'b'), meet('b', 'a')] }))
  start()
  await until(() => server.lifecycle().includes('ready'))
  t.is((await read('umask-a'))?.trim(), '0077')
})

test('a script that fails makes the start fail, and its log says how', async (t) => {
  const scripts = [aScript('echo before; exit 3'), aScript('true')]
  const { server, start } = await setup(t, aManifest({ scripts }))
  start()
  await until(() => server.lifecycle().includes('start_error'))
  await until(() => server.outputs().includes('ended with exit code 3'))
  t.deepEqual(server.lifecycle(), ['starting', 'start_error'])
})

test('a directory that cannot be made fails the start with a sentence in the script log', async (t) => {
  const { server, start } = await setup(t, aManifest({ directory: '/dev/null/nowhere', scripts: [aScript('true')] }))
  start()
  await until(() => server.lifecycle().includes('start_error'))
  await until(() => server.outputs().some((line) => line.includes('/dev/null/nowhere')))
  t.pass()
})

test('a script that runs too long is ended with everything that it started', async (t) => {
  const script = aScript('sleep 600 & echo $! > "$HOME/child"; wait', { timeout_seconds: 1 })
  const { server, start, read } = await setup(t, aManifest({ scripts: [script] }))
  start()
  await until(() => server.lifecycle().includes('start_timeout'))
  const child = Number(await read('child'))
  await until(() => !isRunning(child))
  t.deepEqual(server.lifecycle(), ['starting', 'start_timeout'])
  await until(() => server.outputs().some((line) => line.startsWith('did not end within 1 s')))
})

test('a script that ignores SIGTERM is killed after its grace', async (t) => {
  const script = aScript('trap "" TERM; while :; do sleep 0.1; done', { timeout_seconds: 1 })
  const { server, start } = await setup(t, aManifest({ scripts: [script] }))
  start()
  await until(() => server.lifecycle().includes('start_timeout'))
  t.pass()
})

test('a service that a script leaves in the background does not hold up its end', async (t) => {
  const script = aScript('sleep 600 & echo $! > "$HOME/service"; echo left')
  const { server, start, read } = await setup(t, aManifest({ scripts: [script] }))
  start()
  await until(() => server.lifecycle().includes('ready'))
  t.true(isRunning(Number(await read('service'))))
  await until(() => server.outputs().includes('left'))
})

function meet(mine: string, other: string): AgentScript {
  return aScript(
    `touch "$HOME/${mine}"; while [ ! -e "$HOME/${other}" ]; do sleep 0.02; done; umask > "$HOME/umask-${mine}"`,
  )
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
