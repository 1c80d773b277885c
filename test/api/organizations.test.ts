import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { deleteOrganization as deleteRow, lockOrganization } from '../../sql/organizations.sql.ts'
import type { Tx } from '../../sql/database.ts'
import {
  createMember,
  createOrganization,
  deleteOrganization,
  getOrganization,
  listAssignableOrganizationRoles,
  listMembers,
  listMembersInPages,
  listOrganizations,
  listUserOrganizations,
  removeMember,
  setOrganizationRoles,
  updateOrganization,
} from '../../src/contract/organizations.ts'
import { createTemplate, listOrganizationTemplates } from '../../src/contract/templates.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { anOrganization, aPerson, aWarmTemplate, type Person } from './people.ts'
import { HIDDEN, refused } from './refused.ts'

const at = (organization: string) => ({ params: { organization } })

async function withRoles(server: TestServer, organizationId: string, roles: string[]): Promise<Person> {
  const person = await aPerson(server, { organizationId })
  const params = { organization: organizationId, user: person.id }
  await server.client(setOrganizationRoles, { params, body: { roles } })
  return person
}

test('an organization is made, changed and removed, and each leaves a line in the log', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { client, db } = server
  const made = await client(createOrganization, { body: { name: 'north', display_name: 'The North' } })
  t.like(made, { name: 'north', display_name: 'The North', description: '', icon: '', is_default: false })
  t.like(await client(getOrganization, at('NORTH')), { id: made.id })
  const changed = await client(updateOrganization, { ...at('north'), body: { name: 'south', icon: '/n.png' } })
  t.like(changed, { id: made.id, name: 'south', display_name: 'The North', icon: '/n.png' })
  t.deepEqual(await client(deleteOrganization, at('south')), { message: 'Organization has been deleted.' })
  t.like(await refused(client(getOrganization, at(made.id))), { status: 404, message: HIDDEN })
  t.like(await client(createOrganization, { body: { name: 'south' } }), { name: 'south' })
  const log = await db.any(sql.type(z.object({ action: z.string(), after: z.unknown() }))`
    select action, after from daybreak.audit_log where target_type = 'organization' and target_id = ${made.id}
    order by id`)
  t.deepEqual(
    log.map(({ action }) => action),
    ['create', 'write', 'delete'],
  )
  t.deepEqual(log[1]!.after, { name: 'south', icon: '/n.png' })
})

test('who makes an organization is its first admin', async (t) => {
  const { client, admin } = await startServer(t, { role: 'api' })
  const { id } = await client(createOrganization, { body: { name: 'north' } })
  const [only, ...others] = await client(listMembers, { ...at(id), query: {} })
  t.deepEqual(others, [])
  t.like(only, { user_id: admin.id, username: 'admin' })
  t.deepEqual(only!.roles, [{ name: 'organization-admin', display_name: 'Organization Admin', organization_id: id }])
  t.deepEqual(only!.global_roles, [{ name: 'owner', display_name: 'Owner' }])
})

test('names of organizations are taken once, and `default` means one', async (t) => {
  const { client } = await startServer(t, { role: 'api' })
  await client(createOrganization, { body: { name: 'north' } })
  const make = (name: string) => refused(client(createOrganization, { body: { name } }))
  t.like(await make('North'), { status: 409, fields: ['name'] })
  t.like(await make('Default'), { status: 400, fields: ['name'] })
  for (const name of ['a b', 'new', '-x', 'x'.repeat(33)]) t.like(await make(name), { status: 400, fields: ['name'] })
  const rename = (name: string) => refused(client(updateOrganization, { ...at('north'), body: { name } }))
  t.is((await rename('default')).status, 400)
  t.like(await client(updateOrganization, { ...at('default'), body: { name: 'main' } }), { is_default: true })
  t.is((await client(getOrganization, at('default'))).name, 'main')
  t.is((await rename('MAIN')).status, 409)
})

test('an organization with templates or workspaces stays, and so does the default one', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const organizationId = await anOrganization(server)
  const { templateId } = await aWarmTemplate(server, { organizationId })
  const remove = (id: string) => refused(server.client(deleteOrganization, at(id)))
  t.like(await remove(organizationId), { status: 417 })
  await server.db.query(sql.unsafe`update daybreak.templates set deleted_at = now() where id = ${templateId}`)
  t.truthy(await server.client(deleteOrganization, at(organizationId)))
  t.like(await remove('default'), { status: 400, message: 'The default organization cannot be deleted.' })
})

test('no template is made in an organization that is removed at the same moment', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const organizationId = await anOrganization(server)
  const { templateId, versionId } = await aWarmTemplate(server, { organizationId })
  await server.db.query(sql.unsafe`update daybreak.template_versions set template_id = null where id = ${versionId}`)
  await server.db.query(sql.unsafe`update daybreak.templates set deleted_at = now() where id = ${templateId}`)
  const body = { name: 'late', template_version_id: versionId }
  const late = await server.db.transaction(async (tx) => {
    await lockOrganization(tx, { id: organizationId })
    const making = refused(server.client(createTemplate, { ...at(organizationId), body }))
    await until(async () => (await waiting(tx)) > 0)
    await deleteRow(tx, { id: organizationId })
    return { making }
  })
  t.like(await late.making, { status: 404, message: HIDDEN })
})

async function waiting(db: Tx): Promise<number> {
  return await db.oneFirst(sql.type(z.object({ count: z.int() }))`
    select count(*)::int as count from pg_locks where not granted`)
}

test('only owners make and remove organizations; an admin of one changes it; a member sees it', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const admin = await withRoles(server, id, ['organization-admin'])
  const member = await aPerson(server, { organizationId: id })
  const stranger = await aPerson(server)
  for (const { client } of [admin, member, stranger]) {
    t.is((await refused(client(createOrganization, { body: { name: 'mine' } }))).status, 403)
  }
  const words = { body: { description: 'ours' } }
  t.is((await admin.client(updateOrganization, { ...at(id), ...words })).description, 'ours')
  t.is((await refused(member.client(updateOrganization, { ...at(id), ...words }))).status, 403)
  t.is((await refused(member.client(deleteOrganization, at(id)))).status, 403)
  for (const route of [getOrganization, deleteOrganization]) {
    t.like(await refused(stranger.client(route, at(id))), { status: 404, message: HIDDEN })
  }
  const names = async ({ client }: Pick<Person, 'client'>) =>
    (await client(listOrganizations, {})).map((one) => one.name)
  t.deepEqual(await names(server), ['default', 'north'])
  t.deepEqual(await names(member), ['north'])
  t.deepEqual(await names(stranger), ['default'])
  const mine = await member.client(listUserOrganizations, { params: { user: 'me' } })
  t.deepEqual(
    mine.map((one) => one.name),
    ['north'],
  )
})

test('membership counts from the next request on, and ends as soon', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const person = await aPerson(server)
  const key = { params: { organization: 'north', user: person.username } }
  t.is((await refused(person.client(getOrganization, at(id)))).status, 404)
  t.like(await server.client(createMember, key), { user_id: person.id, organization_id: id, roles: [] })
  t.is((await person.client(getOrganization, at(id))).id, id)
  t.like(await refused(server.client(createMember, key)), {
    status: 400,
    message: 'Organization member already exists in this organization.',
  })
  await server.client(removeMember, key)
  t.is((await refused(person.client(getOrganization, at(id)))).status, 404)
  t.is((await refused(server.client(removeMember, key))).status, 404)
  const log = await server.db.anyFirst(sql.type(z.object({ action: z.string() }))`
    select action from daybreak.audit_log where target_type = 'organization_member' and target_id = ${person.id}
    order by id`)
  t.deepEqual(log, ['create', 'delete'])
})

test('who keeps members takes in and puts out, but not himself, and not those above him', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const keeper = await withRoles(server, id, ['organization-user-admin'])
  const admin = await withRoles(server, id, ['organization-admin'])
  const member = await aPerson(server, { organizationId: id })
  const stranger = await aPerson(server)
  const of = (user: string) => ({ params: { organization: id, user } })
  t.truthy(await keeper.client(createMember, of(stranger.id)))
  await keeper.client(removeMember, of(stranger.id))
  t.like(await refused(keeper.client(removeMember, of(keeper.id))), { status: 400 })
  t.like(await refused(keeper.client(removeMember, of(admin.id))), { status: 403 })
  await admin.client(removeMember, of(keeper.id))
  // To a member, others are hidden, and he lets nobody in.
  t.is((await refused(member.client(removeMember, of(admin.id)))).status, 404)
  t.is((await refused(member.client(createMember, of(stranger.id)))).status, 404)
  t.is((await refused(member.client(removeMember, of(member.id)))).status, 403)
})

test('roles in an organization are given and taken only by those who may', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const admin = await withRoles(server, id, ['organization-admin'])
  const keeper = await withRoles(server, id, ['organization-user-admin'])
  const member = await aPerson(server, { organizationId: id })
  const set = (by: Pick<Person, 'client'>, user: string, roles: string[]) =>
    by.client(setOrganizationRoles, { params: { organization: id, user }, body: { roles } })
  const auditor = 'organization-auditor'
  t.is((await refused(set(member, member.id, [auditor]))).status, 400)
  const given = await set(admin, member.id, [`${auditor}:${id}`, auditor, 'organization-member'])
  t.deepEqual(given.roles, [{ name: auditor, display_name: 'Organization Auditor', organization_id: id }])
  t.is((await member.client(listMembers, { ...at(id), query: {} })).length, 4)
  t.is((await refused(set(keeper, member.id, []))).status, 403)
  t.is((await refused(set(keeper, member.id, [auditor, 'organization-admin']))).status, 403)
  t.truthy(await set(keeper, member.id, [auditor]))
  t.is((await refused(set(admin, admin.id, []))).status, 400)
  t.like(await refused(set(admin, member.id, ['owner', 'nothing'])), { status: 400, fields: ['roles', 'roles'] })
  t.is((await refused(set(admin, (await aPerson(server)).id, []))).status, 404)
  t.deepEqual((await set(admin, member.id, [])).roles, [])
  t.is((await member.client(listMembers, { ...at(id), query: {} })).length, 1)
  const assignable = async ({ client }: Pick<Person, 'client'>) =>
    (await client(listAssignableOrganizationRoles, at(id))).filter((role) => role.assignable).length
  t.is(await assignable(admin), 5)
  t.is(await assignable(keeper), 0)
  t.is(await assignable(member), 0)
})

test('a custom role of the organization can be given there, and nowhere else', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const reads = JSON.stringify([{ resource_type: 'template', action: 'read', negate: false }])
  await server.db.query(sql.unsafe`
    insert into daybreak.custom_roles (name, organization_id, display_name, organization_permissions)
    values ('reader', ${id}, 'Reader', ${reads})`)
  const { templateId } = await aWarmTemplate(server, { organizationId: id })
  await server.db.query(sql.unsafe`delete from daybreak.template_acl where template_id = ${templateId}`)
  const member = await aPerson(server, { organizationId: id })
  t.deepEqual(await member.client(listOrganizationTemplates, at(id)), [])
  const give = (organization: string) =>
    server.client(setOrganizationRoles, { params: { organization, user: member.id }, body: { roles: ['reader'] } })
  t.deepEqual((await give(id)).roles, [{ name: 'reader', display_name: 'Reader', organization_id: id }])
  t.is((await member.client(listOrganizationTemplates, at(id))).length, 1)
  t.is((await refused(give('default'))).status, 400)
})

test('members are listed by name, in pages, searched by id, and to plain members only themselves', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { id } = await server.client(createOrganization, { body: { name: 'north' } })
  const people = [await aPerson(server, { organizationId: id }), await aPerson(server, { organizationId: id })]
  const names = [...people.map(({ username }) => username), 'admin'].toSorted((a, b) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : 1,
  )
  const all = await server.client(listMembersInPages, { ...at(id), query: {} })
  t.is(all.count, 3)
  t.deepEqual(
    all.members.map(({ username }) => username),
    names,
  )
  const page = await server.client(listMembersInPages, { ...at(id), query: { limit: 1, offset: 1 } })
  t.deepEqual([page.count, page.members.map(({ username }) => username)], [3, names.slice(1, 2)])
  const search = async ({ client }: Pick<Person, 'client'>, q: string) =>
    (await client(listMembers, { ...at(id), query: { q } })).map((one) => one.user_id)
  const [one, other] = [people[0]!, people[1]!]
  t.deepEqual(await search(server, `user_id:${one.id}`), [one.id])
  t.deepEqual(await search(one, ''), [one.id])
  t.deepEqual(await search(one, `user_id:${other.id}`), [])
  t.is((await one.client(listMembersInPages, { ...at(id), query: {} })).count, 1)
  for (const q of ['user_id:x', 'name:x', 'x', 'include_system:maybe']) {
    t.like(await refused(search(server, q)), { status: 400, fields: ['q'] }, q)
  }
})
