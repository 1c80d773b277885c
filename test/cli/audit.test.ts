import test from 'ava'
import { audit } from '../../src/api/audit.ts'
import { auditQuery } from '../../src/cli/audit.ts'
import { changeWords } from '../../src/cli/auditWords.ts'
import { CliFailure } from '../../src/cli/failure.ts'
import { aPerson } from '../api/people.ts'
import { startServer } from '../support/server.ts'
import { runDaybreak } from './runDaybreak.ts'

const NOW = new Date('2026-03-04T10:00:00Z')
const ID = '01234567-89ab-7def-8123-456789abcdef'

test('options become words of the search', (t) => {
  const q = (options: Partial<Parameters<typeof auditQuery>[0]>) => auditQuery({ limit: '50', ...options }, NOW)
  t.is(q({}), '')
  t.is(q({ actor: 'ana', action: 'delete', organization: 'default' }), 'actor:ana action:delete organization:default')
  t.is(q({ target: 'template' }), 'resource_type:template')
  t.is(q({ target: 'template:us-nix' }), 'resource_type:template resource_target:us-nix')
  t.is(q({ target: `workspace:${ID}` }), `resource_type:workspace resource_id:${ID}`)
  t.is(q({ target: ID }), `resource_id:${ID}`)
  t.is(q({ target: 'file:a b' }), 'resource_type:file resource_target:"a b"')
  t.is(q({ since: '2h', until: '2026-03-04' }), 'date_from:2026-03-04T08:00:00.000Z date_to:2026-03-04')
  t.is(q({ since: '7d' }), 'date_from:2026-02-25T10:00:00.000Z')
  t.is(q({ request: 'r-1' }), 'request_id:r-1')
  for (const wrong of [{ actor: 'a"b' }, { since: 'soon' }, { actor: '' }]) {
    t.throws(() => q(wrong), { instanceOf: CliFailure })
  }
})

test('a change reads from → to, ids by their beginning, and secrets not at all', (t) => {
  t.is(
    changeWords({
      active_version: { old: 'v1', new: 'v2', secret: false },
      owner_id: { old: ID, new: null, secret: false },
      roles: { old: null, new: ['auditor'], secret: false },
      message: { old: 'x', new: '', secret: false },
      password: { old: '', new: '', secret: true },
    }),
    'active_version: v1 → v2, owner_id: 01234567 → none, roles: ["auditor"], message: x → "", password: (secret)',
  )
})

test('daybreak audit prints who changed what, newest first, and more with --limit', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const run = async (args: string[], token = server.token) =>
    await runDaybreak(['audit', ...args], { env: { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: token } })
  t.is((await run([])).stdout, 'Nothing that matches was changed.\n')
  const target = { type: 'template', id: ID, name: 'us-nix' }
  for (const [from, to] of [
    ['v1', 'v2'],
    ['v2', 'v\u001B[2J3'],
  ] as const) {
    const change = { before: { active_version: from }, after: { active_version: to } }
    await audit(server.db, { actor: server.admin }, { action: 'write', target, ...change })
  }
  await audit(server.db, { actor: null }, { action: 'delete', target: { type: 'file', id: ID } })
  const { code, stdout, stderr } = await run([])
  t.deepEqual([code, stderr], [0, ''])
  const [title, first, second, third] = stdout.split('\n')
  t.regex(title!, /^WHEN +WHO +DID +TO WHAT +CHANGE$/)
  t.regex(first!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}system {2}delete {2}file 01234567$/)
  t.regex(second!, /admin {3}write {3}template us-nix {2}active_version: v2 → v\[2J3$/)
  t.regex(third!, /active_version: v1 → v2$/)
  const newest = await run(['--limit', '1', '--target', 'template'])
  t.is(newest.stdout.trim().split('\n').length, 2)
  t.is(newest.stderr, 'These are the newest 1: ask for more with --limit.\n')
  const json = JSON.parse((await run(['--actor', 'admin', '--json'])).stdout) as { resource_target: string }[]
  t.deepEqual(
    json.map((log) => log.resource_target),
    ['us-nix', 'us-nix'],
  )
  t.deepEqual([(await run(['--limit', '0'])).code, (await run(['--since', 'soon'])).code], [2, 2])
  t.regex((await run(['--action', 'fly'])).stderr, /"fly" is not an action: use create, /)
  const member = await run([], (await aPerson(server)).token)
  t.is(member.code, 1)
  t.regex(member.stderr, /Only auditors may read who changed what\./)
})

test('daybreak audit reads on from the last line it has seen', async (t) => {
  const server = await startServer(t, { role: 'api' })
  for (let i = 0; i < 205; i++) {
    await audit(server.db, { actor: null }, { action: 'write', target: { type: 'thing', id: String(i) } })
  }
  const env = { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: server.token }
  const { stdout } = await runDaybreak(['audit', '--limit', '204', '--json'], { env })
  const ids = (JSON.parse(stdout) as { resource_id: string }[]).map((log) => Number(log.resource_id))
  t.deepEqual(
    ids,
    Array.from({ length: 204 }, (_, i) => 204 - i),
  )
})
