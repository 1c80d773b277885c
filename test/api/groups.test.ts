import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import {
  createGroup,
  deleteGroup,
  getGroup,
  getGroupByName,
  type Group,
  listGroups,
  updateGroup,
} from '../../src/contract/groups.ts'
import {
  createMember,
  createOrganization,
  listMembers,
  removeMember,
  setOrganizationRoles,
} from '../../src/contract/organizations.ts'
import { promoteTemplateVersion } from '../../src/contract/templates.ts'
import { sweepPresets } from '../../src/jobs/sweepPresets.ts'
import { ensurePoolMembership } from '../../src/poolMembership.ts'
import { SYSTEM_USER_ID } from '../../src/systemUser.ts'
import { pushTemplate, startServer, TEMPLATE, type TestServer } from '../support/server.ts'
import { anOrganization, aPerson, aWarmTemplate, type Person } from './people.ts'
import { HIDDEN, refused } from './refused.ts'

const at = (organization: string) => ({ params: { organization } })
const of = (group: string) => ({ params: { group }, query: {} })
const inDefault = { ...at('default'), query: {} }
const namesIn = ({ members }: Group) => members.map(({ username }) => username).toSorted()

async function aGroup({ client }: Pick<TestServer, 'client'>, name: string, people: readonly Person[] = []) {
  const { id } = await client(createGroup, { ...at('default'), body: { name } })
  if (people.length === 0) return id
  await client(updateGroup, { ...of(id), body: { add_users: people.map((one) => one.id) } })
  return id
}

test('a group is made, changed and removed, and each leaves a line in the log', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { client, db } = server
  const [ana, bo] = [await aPerson(server), await aPerson(server)]
  const body = { name: 'builders', display_name: 'Builders', quota_allowance: 5, avatar_url: '/b.png' }
  const made = await client(createGroup, { ...at('default'), body })
  t.like(made, { ...body, organization_name: 'default', source: 'user', total_member_count: 0 })
  const added = await client(updateGroup, { ...of(made.id), body: { add_users: [ana.id, bo.id.toUpperCase()] } })
  t.deepEqual(namesIn(added), [ana.username, bo.username].toSorted())
  t.is(added.total_member_count, 2)
  const change = { name: 'makers', quota_allowance: 0, remove_users: [ana.id] }
  t.like(await client(updateGroup, { ...of(made.id), body: change }), { name: 'makers', quota_allowance: 0 })
  const read = await client(getGroupByName, { params: { organization: 'default', name: 'MAKERS' }, query: {} })
  t.like(read, { id: made.id, display_name: 'Builders', total_member_count: 1 })
  t.deepEqual(namesIn(read), [bo.username])
  t.truthy(await client(deleteGroup, of(made.id)))
  t.like(await refused(client(getGroup, of(made.id))), { status: 404, message: HIDDEN })
  const log = await db.any(sql.type(z.object({ action: z.string(), after: z.record(z.string(), z.unknown()) }))`
    select action, after from daybreak.audit_log where target_type = 'group' and target_id = ${made.id} order by id`)
  t.deepEqual(
    log.map(({ action }) => action),
    ['create', 'write', 'write', 'delete'],
  )
  t.deepEqual(log[1]!.after.members, [ana.id, bo.id])
})

test('names of groups are taken once in an organization, and some never', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const organizationId = await anOrganization(server)
  const id = await aGroup(server, 'one')
  await aGroup(server, 'two')
  const make = (name: string) => refused(server.client(createGroup, { ...at('default'), body: { name } }))
  t.like(await make('ONE'), { status: 409, fields: ['name'] })
  for (const name of ['everyone', 'Everyone', 'a b', 'new', '', 'x'.repeat(65)]) {
    t.like(await make(name), { status: 400, fields: ['name'] }, name)
  }
  t.truthy(await server.client(createGroup, { ...at(organizationId), body: { name: 'one' } }))
  const rename = (name: string) => server.client(updateGroup, { ...of(id), body: { name } })
  t.is((await refused(rename('two'))).status, 409)
  t.is((await refused(rename('Everyone'))).status, 400)
  t.is((await rename('')).name, 'one')
})

test('the group of everyone has whom the organization has, and cannot be taken apart', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { client } = server
  const { id } = await client(createOrganization, { body: { name: 'north' } })
  const ana = await aPerson(server)
  const everyone = () => client(getGroup, of(id))
  t.deepEqual(namesIn(await everyone()), ['admin'])
  await client(createMember, { params: { organization: id, user: ana.id } })
  t.like(await everyone(), { id, organization_id: id, name: 'Everyone', total_member_count: 2 })
  await client(removeMember, { params: { organization: id, user: ana.id } })
  t.is((await everyone()).total_member_count, 1)
  const changes = [{ name: 'all' }, { add_users: [ana.id] }, { remove_users: [ana.id] }]
  for (const body of changes) t.is((await refused(client(updateGroup, { ...of(id), body }))).status, 400)
  t.is((await refused(client(deleteGroup, of(id)))).status, 400)
  const kept = await client(updateGroup, { ...of(id), body: { name: 'Everyone', quota_allowance: 7 } })
  t.like(kept, { quota_allowance: 7, name: 'Everyone' })
})

test('only members of the organization are put into its groups, and each once', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const [ana, bo] = [await aPerson(server), await aPerson(server)]
  const stranger = await aPerson(server, { organizationId: await anOrganization(server) })
  const id = await aGroup(server, 'builders', [ana])
  const change = (body: object) => refused(server.client(updateGroup, { ...of(id), body }))
  for (const user of [stranger.id, id])
    t.like(await change({ add_users: [user] }), { status: 400, fields: ['add_users'] })
  t.like(await change({ name: 'other', add_users: [bo.id, ana.id] }), { status: 400, fields: ['add_users'] })
  t.is((await change({ add_users: [bo.id, bo.id] })).status, 400)
  t.is((await change({ add_users: [bo.id], remove_users: [bo.id] })).status, 400)
  t.is((await change({ add_users: ['x'] })).status, 400)
  t.is((await change({ quota_allowance: -1 })).status, 400)
  t.is((await change({})).status, 400)
  const still = await server.client(getGroup, of(id))
  t.deepEqual([still.name, namesIn(still)], ['builders', [ana.username]])
})

test('who keeps groups changes them; a member sees his own, and in them himself', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const [keeper, ana, bo] = [await aPerson(server), await aPerson(server), await aPerson(server)]
  const roles = { params: { organization: 'default', user: keeper.id }, body: { roles: ['organization-user-admin'] } }
  await server.client(setOrganizationRoles, roles)
  const id = await aGroup(server, 'builders', [ana, keeper])
  const read = await ana.client(getGroup, of(id))
  t.deepEqual([read.total_member_count, namesIn(read)], [2, [ana.username]])
  t.is((await refused(ana.client(updateGroup, { ...of(id), body: { name: 'x' } }))).status, 403)
  t.is((await refused(ana.client(deleteGroup, of(id)))).status, 403)
  t.is((await refused(ana.client(createGroup, { ...at('default'), body: { name: 'x' } }))).status, 403)
  t.is((await refused(bo.client(getGroup, of(id)))).status, 404)
  t.is((await refused(bo.client(updateGroup, { ...of(id), body: { name: 'x' } }))).status, 404)
  const list = async ({ client }: Pick<Person, 'client'>) =>
    (await client(listGroups, inDefault)).map(({ name }) => name)
  t.deepEqual(await list(bo), ['Everyone'])
  t.deepEqual(await list(ana), ['builders', 'Everyone'])
  t.is((await keeper.client(updateGroup, { ...of(id), body: { add_users: [bo.id] } })).members.length, 3)
  t.deepEqual(await list(bo), ['builders', 'Everyone'])
  t.truthy(await keeper.client(deleteGroup, of(id)))
})

test('who leaves an organization has left its groups when he comes back', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const ana = await aPerson(server)
  const id = await aGroup(server, 'builders', [ana])
  const key = { params: { organization: 'default', user: ana.id } }
  await server.client(removeMember, key)
  await server.client(createMember, key)
  t.is((await server.client(getGroup, of(id))).total_member_count, 0)
})

test('the owner of prebuilds belongs where a preset asks for some, unseen unless asked for', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { client, db } = server
  const [warm, cold] = [await anOrganization(server), await anOrganization(server)]
  await aWarmTemplate(server, { organizationId: warm })
  await aWarmTemplate(server, { organizationId: cold, instances: null })
  t.is(await ensurePoolMembership(db, { organizationId: null }), 1)
  t.is(await ensurePoolMembership(db, { organizationId: null }), 0)
  const members = async (organization: string, q: string) =>
    (await client(listMembers, { ...at(organization), query: { q } })).map(({ username }) => username)
  t.deepEqual(await members(warm, ''), [])
  t.deepEqual(await members(warm, 'include_system:true'), ['prebuilds'])
  t.deepEqual(await members(cold, 'include_system:true'), [])
  const groups = async (include_system: 'true' | 'false') =>
    (await client(listGroups, { ...at(warm), query: { include_system } })).map((one) => [one.name, namesIn(one)])
  t.deepEqual(await groups('false'), [
    ['coderprebuiltworkspaces', []],
    ['Everyone', []],
  ])
  t.deepEqual(await groups('true'), [
    ['coderprebuiltworkspaces', ['prebuilds']],
    ['Everyone', ['prebuilds']],
  ])
})

test('the owner of prebuilds comes back where somebody took it out', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { client, db } = server
  const organizationId = await anOrganization(server)
  await aWarmTemplate(server, { organizationId })
  const groupOf = async () =>
    await client(getGroupByName, {
      params: { organization: organizationId, name: 'coderprebuiltworkspaces' },
      query: { include_system: 'true' },
    })
  await ensurePoolMembership(db, { organizationId })
  const { id, display_name } = await groupOf()
  t.is(display_name, 'Prebuilt Workspaces')
  await client(updateGroup, { ...of(id), body: { quota_allowance: 9 } })
  await client(removeMember, { params: { organization: organizationId, user: SYSTEM_USER_ID } })
  t.is((await groupOf()).total_member_count, 0)
  await ensurePoolMembership(db, { organizationId })
  t.like(await groupOf(), { id, quota_allowance: 9, total_member_count: 1 })
  await client(deleteGroup, of(id))
  await Promise.all([1, 2, 3].map(() => ensurePoolMembership(db, { organizationId })))
  t.is((await groupOf()).total_member_count, 1)
})

test('an import, a promotion and the sweep each bring the owner of prebuilds back', async (t) => {
  const server = await startServer(t)
  const { client, context, db } = server
  const isMember = async () => {
    const query = { q: `user_id:${SYSTEM_USER_ID} include_system:true` }
    return (await client(listMembers, { ...at('default'), query })).length === 1
  }
  const takeOut = async () => {
    await client(removeMember, { params: { organization: 'default', user: SYSTEM_USER_ID } })
    t.false(await isMember())
  }
  t.false(await isMember())
  const { template, version } = await pushTemplate(client, TEMPLATE.replace('instances: 2', 'instances: 0'))
  t.true(await isMember())
  await takeOut()
  await client(promoteTemplateVersion, { params: { template: template.id }, body: { id: version.id } })
  t.true(await isMember())
  await takeOut()
  const run = { signal: AbortSignal.timeout(60_000) } as Parameters<typeof sweepPresets.run>[2]
  t.like(await sweepPresets.run({}, context, run), { joined: 1 })
  t.true(await isMember())
  const actors = await db.anyFirst(sql.type(z.object({ actorId: z.string().nullable() }))`
    select actor_id from daybreak.audit_log
    where target_id = ${SYSTEM_USER_ID} and target_type = 'organization_member' and action = 'create'`)
  t.deepEqual(actors, [null, null, null])
})
