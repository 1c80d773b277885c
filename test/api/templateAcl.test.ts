import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { createGroup, deleteGroup, updateGroup } from '../../src/contract/groups.ts'
import { createMember, removeMember, setOrganizationRoles } from '../../src/contract/organizations.ts'
import { getTemplateAcl, listTemplateAclAvailable, updateTemplateAcl } from '../../src/contract/templateAcl.ts'
import { createTemplate, getTemplate, listTemplates, updateTemplate } from '../../src/contract/templates.ts'
import { createWorkspaceBuild, createWorkspace, getWorkspace } from '../../src/contract/workspaces.ts'
import { readyPrebuilds, type World } from '../support/factories.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { anOrganization, aPerson, aWarmTemplate, type Person } from './people.ts'
import { HIDDEN, refused } from './refused.ts'

type Asker = Pick<Person, 'client'>
const inDefault = { params: { organization: 'default' } }
const of = ({ templateId }: World) => ({ params: { template: templateId } })

async function aclOf({ client }: Asker, world: World) {
  const { users, group } = await client(getTemplateAcl, of(world))
  return { users: users.map((one) => [one.username, one.role]), group: group.map((one) => [one.name, one.role]) }
}

type Perms = { user_perms?: Record<string, string>; group_perms?: Record<string, string> }
const setAcl = ({ client }: Asker, world: World, body: Perms) => client(updateTemplateAcl, { ...of(world), body })

/** A template that is on nobody's list. */
async function aClosedTemplate(server: TestServer): Promise<World> {
  const world = await aWarmTemplate(server)
  await setAcl(server, world, { group_perms: { [world.organizationId]: '' } })
  return world
}

async function aGroup({ client }: Asker, people: readonly Person[], name = 'builders'): Promise<string> {
  const { id } = await client(createGroup, { ...inDefault, body: { name } })
  const body = { add_users: people.map((one) => one.id) }
  await client(updateGroup, { params: { group: id }, body })
  return id
}

async function withRole(server: TestServer, role: string): Promise<Person> {
  const person = await aPerson(server)
  const params = { organization: 'default', user: person.id }
  await server.client(setOrganizationRoles, { params, body: { roles: [role] } })
  return person
}

type Options = { user?: string; name?: string; prebuild?: 'require' | 'never' }
const make = ({ client }: Asker, world: World, { user = 'me', name = 'mine', prebuild = 'never' }: Options = {}) => {
  const preset = prebuild === 'require' ? { template_version_preset_id: world.presetId } : {}
  return client(createWorkspace, {
    params: { user },
    body: { name, template_id: world.templateId, prebuild, ...preset },
  })
}

const unknown = ({ templateId }: World) => ({
  status: 400,
  message: `Template "${templateId}" doesn't exist.`,
  fields: ['template_id'],
})

test('a new template is for everyone in its organization, and its list says so', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  t.deepEqual(await aclOf(server, world), { users: [], group: [['Everyone', 'use']] })
  const ana = await aPerson(server)
  const group = await aGroup(server, [ana])
  await setAcl(server, world, {
    user_perms: { [ana.id.toUpperCase()]: 'admin' },
    group_perms: { [group]: 'use', [world.organizationId]: '' },
  })
  t.deepEqual(await aclOf(server, world), { users: [[ana.username, 'admin']], group: [['builders', 'use']] })
  await setAcl(server, world, { user_perms: { [ana.id]: 'use' } })
  t.deepEqual((await aclOf(server, world)).users, [[ana.username, 'use']])
  const logged = await server.db.one(sql.type(z.object({ before: z.unknown(), after: z.unknown() }))`
    select before, after from daybreak.audit_log where target_type = 'template' and target_id = ${world.templateId}
    order by id desc limit 1`)
  t.deepEqual(logged, { before: { user_acl: { [ana.id]: ['*'] } }, after: { user_acl: { [ana.id]: ['read', 'use'] } } })
})

test('users, groups and roles that do not exist are refused one by one, and nothing is changed', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  const ana = await aPerson(server)
  const elsewhere = await anOrganization(server)
  const nobody = crypto.randomUUID()
  const body = {
    user_perms: { [nobody]: 'use', x: 'use', [ana.id]: 'owner' },
    group_perms: { [elsewhere]: 'use', [nobody]: '' },
  }
  t.like(await refused(setAcl(server, world, body)), {
    status: 400,
    fields: ['user_perms', 'user_perms', 'user_perms', 'group_perms', 'group_perms'],
  })
  t.is((await refused(setAcl(server, world, { user_perms: { [ana.id]: 'use', [nobody]: 'use' } }))).status, 400)
  t.is((await refused(setAcl(server, world, {}))).status, 400)
  t.deepEqual(await aclOf(server, world), { users: [], group: [['Everyone', 'use']] })
})

test('a template that a group may not use is neither made from nor claimed from, until it may', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aClosedTemplate(server)
  await readyPrebuilds(server.db, world, 1)
  const ana = await aPerson(server)
  const group = await aGroup(server, [ana])
  for (const prebuild of ['require', 'never'] as const) {
    t.like(await refused(make(ana, world, { prebuild })), unknown(world))
  }
  t.deepEqual(await ana.client(listTemplates, {}), [])
  t.like(await refused(ana.client(getTemplate, of(world))), { status: 404, message: HIDDEN })
  await setAcl(server, world, { group_perms: { [group]: 'use' } })
  t.is((await ana.client(listTemplates, {})).length, 1)
  t.true((await make(ana, world, { prebuild: 'require' })).claim.from_pool)
  t.truthy(await make(ana, world, { name: 'second' }))
  await setAcl(server, world, { group_perms: { [group]: '' } })
  t.like(await refused(make(ana, world, { name: 'third' })), unknown(world))
})

test('use is asked of new workspaces only: what exists is stopped and started on', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  await readyPrebuilds(server.db, world, 1)
  const ana = await aPerson(server)
  const { id } = await make(ana, world, { prebuild: 'require' })
  await server.db.query(sql.unsafe`
    update daybreak.provisioner_jobs set started_at = now(), completed_at = now() where workspace_id = ${id}`)
  await setAcl(server, world, { group_perms: { [world.organizationId]: '' } })
  t.is((await ana.client(getWorkspace, { params: { workspace: id }, query: {} })).id, id)
  const build = await ana.client(createWorkspaceBuild, { params: { workspace: id }, body: { transition: 'stop' } })
  t.is(build.transition, 'stop')
})

test('grants of a group end when the group ends, and for those who leave the organization', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aClosedTemplate(server)
  const [ana, bo] = [await aPerson(server), await aPerson(server)]
  const group = await aGroup(server, [ana, bo])
  await setAcl(server, world, { group_perms: { [group]: 'admin' } })
  const sees = async ({ client }: Asker) => (await client(listTemplates, {})).length === 1
  t.deepEqual([await sees(ana), await sees(bo)], [true, true])
  const key = { params: { organization: 'default', user: ana.id } }
  await server.client(removeMember, key)
  t.like(await refused(ana.client(getTemplate, of(world))), { status: 404, message: HIDDEN })
  t.like(await refused(make(ana, world)), unknown(world))
  await server.client(createMember, key)
  t.deepEqual([await sees(ana), await sees(bo)], [false, true])
  await server.client(deleteGroup, { params: { group } })
  t.false(await sees(bo))
  t.deepEqual(await aclOf(server, world), { users: [], group: [] })
})

test('who may make a workspace of which template is as everywhere else', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const open = await aWarmTemplate(server)
  const closed = await aClosedTemplate(server)
  const forbiddenUse = async (world: World) => {
    const { name } = await server.client(getTemplate, of(world))
    return { status: 403, message: `Unauthorized access to use the template "${name}".` }
  }
  const noCreation = { status: 403, message: 'Unauthorized to create workspace.' }
  const member = await aPerson(server)
  t.truthy(await make(member, open))
  t.like(await refused(make(member, closed)), unknown(closed))
  const auditor = await withRole(server, 'organization-auditor')
  await readyPrebuilds(server.db, closed, 1)
  for (const prebuild of ['require', 'never'] as const) {
    t.like(await refused(make(auditor, closed, { prebuild })), await forbiddenUse(closed))
  }
  const banned = await withRole(server, 'organization-workspace-creation-ban')
  t.like(await refused(make(banned, open)), noCreation)
  const elsewhere = await anOrganization(server)
  const listed = await aPerson(server, { organizationId: elsewhere })
  await setAcl(server, open, { user_perms: { [listed.id]: 'use' } })
  t.is((await listed.client(getTemplate, of(open))).id, open.templateId)
  t.like(await refused(make(listed, open)), noCreation)
  const keeper = await aPerson(server, { organizationId: elsewhere, roles: ['template-admin'] })
  t.like(await refused(make(keeper, closed)), noCreation)
  t.truthy(await make(await withRole(server, 'organization-template-admin'), closed))
  const owner = await aPerson(server, { organizationId: elsewhere, roles: ['owner'] })
  t.truthy(await make(owner, closed, { user: member.id, name: 'by-owner' }))
  const admin = await withRole(server, 'organization-admin')
  t.truthy(await make(admin, closed, { user: member.id, name: 'by-admin' }))
})

test('a list is read by who may edit the template, and changed by who may make templates', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  const edits = JSON.stringify([
    { resource_type: 'template', action: 'read', negate: false },
    { resource_type: 'template', action: 'update', negate: false },
  ])
  await server.db.query(sql.unsafe`
    insert into daybreak.custom_roles (name, organization_id, organization_permissions)
    values ('editor', ${world.organizationId}, ${edits})`)
  const editor = await withRole(server, 'editor')
  const keeper = await withRole(server, 'organization-template-admin')
  const [member, listed] = [await aPerson(server), await aPerson(server)]
  const change = { user_perms: { [member.id]: 'use' } }
  t.is((await aclOf(editor, world)).group.length, 1)
  t.is((await refused(setAcl(editor, world, change))).status, 403)
  const words = { ...of(world), body: { description: 'edited' } }
  t.is((await editor.client(updateTemplate, words)).description, 'edited')
  const close = { ...of(world), body: { disable_everyone_group_access: true } }
  t.is((await refused(editor.client(updateTemplate, close))).status, 403)
  for (const route of [getTemplateAcl, listTemplateAclAvailable]) {
    t.is((await refused(member.client(route, { ...of(world), query: {} }))).status, 403)
  }
  t.is((await refused(setAcl(member, world, change))).status, 403)
  t.truthy(await setAcl(keeper, world, { user_perms: { [listed.id]: 'admin' } }))
  t.truthy(await setAcl(listed, world, change))
  t.is((await aclOf(listed, world)).users.length, 2)
  const available = await server.client(listTemplateAclAvailable, { ...of(world), query: { q: member.username } })
  t.deepEqual([available.users.map(({ id }) => id), available.groups], [[member.id], []])
  const seen = await listed.client(listTemplateAclAvailable, { ...of(world), query: {} })
  t.deepEqual([seen.users.map(({ id }) => id), seen.groups.map(({ name }) => name)], [[listed.id], ['Everyone']])
})

test('a template changes where something differs, and says so where nothing does', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  const other = await aWarmTemplate(server)
  const change = (body: object) => server.client(updateTemplate, { ...of(world), body })
  const body = { name: 'us-nix', display_name: 'US', description: 'd', icon: '/i', require_active_version: true }
  t.like(await change(body), body)
  t.is((await refused(change(body))).status, 304)
  t.like(await change({ deprecation_message: 'use the other' }), {
    deprecated: true,
    deprecation_message: 'use the other',
  })
  t.is((await refused(make(await aPerson(server), world))).status, 400)
  t.is((await change({ deprecation_message: '' })).deprecated, false)
  t.is((await refused(change({ disable_everyone_group_access: false }))).status, 304)
  t.truthy(await change({ disable_everyone_group_access: true }))
  t.deepEqual((await aclOf(server, world)).group, [])
  t.is((await refused(change({ disable_everyone_group_access: true }))).status, 304)
  const { name } = await server.client(getTemplate, of(other))
  t.like(await refused(change({ name })), { status: 409, fields: ['name'] })
  t.is((await refused(change({}))).status, 400)
  t.is((await refused((await aPerson(server)).client(updateTemplate, { ...of(other), body }))).status, 403)
})

test('a template may be made for nobody but its keepers', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  // A version that belongs to no template yet.
  await server.db.query(
    sql.unsafe`update daybreak.template_versions set template_id = null where id = ${world.versionId}`,
  )
  const body = { name: 'closed', template_version_id: world.versionId, disable_everyone_group_access: true }
  const made = await server.client(createTemplate, { ...inDefault, body })
  t.deepEqual(await aclOf(server, { ...world, templateId: made.id }), { users: [], group: [] })
  const ana = await aPerson(server)
  t.is((await refused(ana.client(getTemplate, { params: { template: made.id } }))).status, 404)
})
