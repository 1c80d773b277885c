import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { newSignInLink } from '../../src/up/bootstrap.ts'
import { startServer, TEMPLATE } from '../support/server.ts'
import { until } from '../support/until.ts'
import { runDaybreak, temporaryFolder } from './runDaybreak.ts'

// One after the other: each has a server and its workspaces, and many at once only wait for each other.
async function setup(t: ExecutionContext) {
  const server = await startServer(t)
  const env = { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: server.token }
  const run = async (...args: string[]) => await runDaybreak(args, { env })
  const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)
  return { server, run, runJson }
}

function templateFolder(t: ExecutionContext, { name, yaml }: { name: string; yaml: string }): string {
  const folder = path.join(temporaryFolder(t), name)
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'daybreak.yaml'), yaml)
  return folder
}

test.serial('from a folder to a claimed workspace and back, by the command line alone', async (t) => {
  const { run, runJson } = await setup(t)
  t.regex((await run('workspaces', 'list')).stdout, /^No workspaces yet\. Create one: daybreak workspaces create /)
  const pushed = await run('templates', 'push', templateFolder(t, { name: 'example', yaml: TEMPLATE }))
  t.deepEqual([pushed.code, pushed.stdout], [0, 'v1 is the active version of example.\nPresets: warm\n'], pushed.stderr)
  await until(
    () => runJson('prebuilds', 'list'),
    ([pool]) => pool?.ready === 2,
  )
  t.regex((await run('prebuilds', 'list')).stdout, /^example\/warm {2}2 always +2 +0 +0$/m)

  const made = await run('workspaces', 'create', 'mine', '--preset', 'warm', '--require-pool')
  t.is(made.code, 0, made.stderr)
  t.regex(made.stderr, /^admin\/mine comes ready from the pool of warm\. The request took \d+ ms\.$/m)
  t.regex(made.stdout, /^Template +example\/warm$/m)
  t.regex(made.stdout, /^Agent told of its owner after \d+ ms; ready after \d+ ms\.$/m)
  t.is((await runJson('workspaces', 'show', 'mine')).id, (await runJson('workspaces', 'show', 'admin/mine')).id)
  t.is((await run('workspaces', 'logs', 'mine')).code, 0)

  t.is((await run('workspaces', 'stop', 'mine')).stdout, 'admin/mine has stopped.\n')
  t.regex((await run('workspaces', 'start', 'mine')).stdout, /^admin\/mine is ready after /)
  t.is((await run('workspaces', 'delete', 'mine', '--yes')).stdout, 'Deleted admin/mine.\n')
  t.regex((await run('workspaces', 'show', 'mine')).stderr, /^daybreak: You have no workspace "mine"\./)
})

test.serial('a fresh build is followed until it is ready; as JSON its answer is one value', async (t) => {
  const { run, runJson } = await setup(t)
  const yaml = TEMPLATE.replace('instances: 2', 'instances: 0')
  await run('templates', 'push', templateFolder(t, { name: 'example', yaml }))
  const { workspace, claim, timing } = await runJson('workspaces', 'create', 'fresh', '--no-pool')
  t.deepEqual(claim, { ...claim, from_pool: false, preset: 'warm', why_not: 'the request asked for a fresh build' })
  t.is(workspace.latest_build.resources[0].agents[0].lifecycle_state, 'ready')
  t.true(timing.request_ms <= timing.acknowledged_ms && timing.acknowledged_ms <= timing.ready_ms)
})

test.serial('an import that fails names every place, leaves the active version and exits with 1', async (t) => {
  const { run, runJson } = await setup(t)
  await run('templates', 'push', templateFolder(t, { name: 'example', yaml: TEMPLATE }))
  const wrong = TEMPLATE.replace('run_on_start', 'run_on_strt').replace('instances: 2', 'instances: -2')
  const { code, stdout, stderr } = await run('templates', 'push', templateFolder(t, { name: 'example', yaml: wrong }))
  t.deepEqual([code, stdout], [1, ''])
  t.regex(stderr, /^daybreak: /m)
  t.is(stderr.match(/^ {2}daybreak\.yaml:\d+:\d+: /gm)?.length, 2, stderr)
  const versions: { name: string; active: boolean }[] = await runJson('templates', 'versions', 'example')
  t.deepEqual(
    versions.map(({ name, active }) => [name, active]),
    [
      ['v2', false],
      ['v1', true],
    ],
  )
  t.regex((await run('templates', 'promote', 'example', 'v9')).stderr, /Template example has no version "v9"/)
})

test.serial('a version is pushed without effect, then promoted by name', async (t) => {
  const { run, runJson } = await setup(t)
  const folder = templateFolder(t, { name: 'example', yaml: TEMPLATE })
  await run('templates', 'push', folder)
  t.regex((await run('templates', 'push', folder, '--no-promote')).stdout, /^v2 is imported, not active\./)
  const actives = async () =>
    ((await runJson('templates', 'versions', 'example')) as { active: boolean }[]).map(({ active }) => active)
  t.deepEqual(await actives(), [false, true])
  t.is((await run('templates', 'promote', 'example', 'v2')).code, 0)
  t.deepEqual(await actives(), [true, false])
})

test.serial('a start script that fails is exit code 1 and says where to look', async (t) => {
  const { run } = await setup(t)
  const yaml = TEMPLATE.replace('instances: 2', 'instances: 0').replace(/script: echo.*/, 'script: echo oh no; exit 3')
  await run('templates', 'push', templateFolder(t, { name: 'broken', yaml }))
  const { code, stderr } = await run('workspaces', 'create', 'mine', '--template', 'broken')
  t.is(code, 1)
  t.regex(
    stderr,
    /admin\/mine is yours, but a start script of agent main failed\.\n.*daybreak workspaces logs admin\/mine\n$/,
  )
  t.regex((await run('workspaces', 'logs', 'mine')).stdout, /^oh no$/m)
})

test.serial('a preset that is nowhere, or in two templates, is answered with the choices', async (t) => {
  const { run } = await setup(t)
  t.regex((await run('workspaces', 'create', 'mine')).stderr, /^daybreak: There are no templates yet\.\n/)
  for (const name of ['one', 'two']) await run('templates', 'push', templateFolder(t, { name, yaml: TEMPLATE }))
  t.regex((await run('workspaces', 'create', 'mine', '--preset', 'cold')).stderr, /No template has a preset "cold"\./)
  const both = await run('workspaces', 'create', 'mine', '--preset', 'warm')
  t.is(both.code, 2)
  t.regex(both.stderr, /--template one --preset 'warm'\n {2}--template two --preset 'warm'/)
})

test.serial('a one-time link signs in once; logout ends the session', async (t) => {
  const { server } = await setup(t)
  const admin = { id: server.admin.id, username: 'admin', canSignIn: false }
  const link = (await newSignInLink(server.db, { admin, url: server.url })) ?? ''
  const env = { HOME: temporaryFolder(t) }
  const run = async (...args: string[]) => await runDaybreak(args, { env })
  t.is((await run('login', '--link', link)).stdout, `Signed in at ${server.url} as admin.\n`)
  t.is((await run('login', '--link', link)).code, 3)
  t.regex((await run('whoami')).stdout, /^User +admin$/m)
  t.is((await run('logout')).stdout, `Signed out of ${server.url}.\n`)
  t.is((await run('whoami')).code, 3)
  const byToken = await runDaybreak(['login', server.url, '--token', '-'], { env, input: `${server.token}\n` })
  t.is(byToken.code, 0, byToken.stderr)
})
