import test from 'ava'
import { listOrganizationRoles, listSiteRoles, mayChangeRole } from '../../../src/domain/rbac/assignable.ts'
import { readPermissions } from '../../../src/domain/rbac/customRoles.ts'
import { may, type Target } from '../../../src/domain/rbac/may.ts'
import { type Action, actionsOf, isActionOf, RESOURCE_TYPES } from '../../../src/domain/rbac/resources.ts'
import { type CustomRole, ORGANIZATION_ROLES, SITE_ROLES } from '../../../src/domain/rbac/roles.ts'
import { roleTable } from '../../../src/domain/rbac/roleTable.ts'
import type { Subject } from '../../../src/domain/rbac/subject.ts'
import { aMember, aSubject } from './aSubject.ts'

const owner = aSubject({ siteRoles: ['owner'] })
const theirs: Target = { type: 'workspace', ownerId: 'user-other', organizationId: 'org-1' }
const mine: Target = { ...theirs, ownerId: 'user-me' }

/** The actions of the type that are allowed, in the order of the catalogue. */
function allowed(subject: Subject, target: Target): readonly Action[] {
  return actionsOf(target.type).filter((action) => may(subject, action, target))
}

test('built-in roles name only actions that exist', (t) => {
  const levels = [...SITE_ROLES, ...ORGANIZATION_ROLES].flatMap(({ site, user, org, orgMember }) => [
    site,
    user,
    org,
    orgMember,
  ])
  const grants = levels.flatMap((level) => [level?.allow ?? {}, level?.deny ?? {}])
  const named = grants.flatMap((one) =>
    RESOURCE_TYPES.flatMap((type) => (one[type] ?? []).map((action) => [type, action])),
  )
  t.true(named.length > 0)
  t.deepEqual(
    named.filter(([type = '', action = '']) => !isActionOf(type, action)),
    [],
  )
})

test('an owner may everything but read secrets and usage, or start what is dormant', (t) => {
  const denied = RESOURCE_TYPES.flatMap((type) =>
    actionsOf(type).flatMap((action) =>
      may(owner, action, { type, ownerId: 'user-other' }) ? [] : `${type}:${action}`,
    ),
  )
  t.deepEqual(denied, [
    'workspace_dormant:start',
    ...actionsOf('user_secret').map((action) => `user_secret:${action}`),
    ...actionsOf('usage_event').map((action) => `usage_event:${action}`),
  ])
})

test("owners can be kept out of other people's workspaces, not out of their own", (t) => {
  const outside = aMember([], { siteRoles: ['owner'], ownersEnter: 'own workspaces' })
  for (const action of ['ssh', 'application_connect'] as const) {
    t.true(may(owner, action, theirs))
    t.false(may(outside, action, theirs))
    t.true(may(outside, action, mine))
  }
  t.true(may(outside, 'delete', theirs))
})

test("a member has his own workspaces and nobody else's", (t) => {
  t.deepEqual(allowed(aMember(), mine), actionsOf('workspace'))
  t.deepEqual(allowed(aMember(), theirs), [])
  t.deepEqual(allowed(aSubject(), mine), [], 'not after he left the organization')
  t.false(may(aMember(), 'start', { ...mine, type: 'workspace_dormant' }))
  t.true(may(aMember(), 'update', { ...mine, type: 'workspace_dormant' }))
})

test('everybody reads and keeps his own account, and only administrators another', (t) => {
  t.deepEqual(allowed(aSubject(), { type: 'user', id: 'user-me' }), ['read', 'read_personal', 'update_personal'])
  t.deepEqual(allowed(aSubject(), { type: 'user', id: 'user-other' }), [])
  t.deepEqual(allowed(aSubject({ siteRoles: ['user-admin'] }), { type: 'user', id: 'user-other' }), actionsOf('user'))
  t.deepEqual(allowed(aMember(['organization-admin']), { type: 'user', id: 'user-other' }), ['read'])
})

test('an administrator of an organization runs it, but does not enter workspaces', (t) => {
  const entering = new Set<Action>(['ssh', 'application_connect'])
  t.deepEqual(
    allowed(aMember(['organization-admin']), theirs),
    actionsOf('workspace').filter((action) => !entering.has(action)),
  )
  t.deepEqual(allowed(aMember(['organization-admin']), { ...theirs, organizationId: 'org-2' }), [])
  t.deepEqual(allowed(aMember(['organization-admin']), { type: 'deployment_config', organizationId: 'org-1' }), [])
})

test('a ban on creation also reaches what one owns', (t) => {
  const banned = aMember(['organization-workspace-creation-ban'])
  t.deepEqual(allowed(banned, mine), ['read', 'update', 'start', 'stop', 'ssh', 'application_connect', 'share'])
})

test('naming oneself as the owner of what has none opens nothing', (t) => {
  for (const type of ['template', 'group', 'audit_log', 'job', 'organization'] as const) {
    t.deepEqual(allowed(aSubject(), { type, ownerId: 'user-me' }), [])
  }
  t.deepEqual(allowed(aMember(), { type: 'template', ownerId: 'user-me', organizationId: 'org-1' }), [])
})

test('a role of an organization may carry its id, and only that id', (t) => {
  const template: Target = { type: 'template', organizationId: 'org-1' }
  t.true(may(aMember(['organization-template-admin:org-1']), 'use', template))
  t.false(may(aMember(['organization-template-admin:org-2']), 'use', template))
})

const custom: CustomRole = { name: 'tpl-user', displayName: 'Template User', organizationId: 'org-1' }

test('a custom role counts only where it belongs', (t) => {
  const template: Target = { type: 'template', organizationId: 'org-1' }
  const use: CustomRole = { name: 'use', displayName: '', site: { allow: { template: ['use'] } } }
  const useInOther: CustomRole = { ...custom, organizationId: 'org-2', org: { allow: { template: ['use'] } } }
  t.true(may(aSubject({ siteRoles: ['use'], customRoles: [use] }), 'use', template))
  t.false(may(aSubject({ siteRoles: ['use'], customRoles: [{ ...use, organizationId: 'org-2' }] }), 'use', template))
  t.false(may(aMember(['tpl-user'], { customRoles: [useInOther] }), 'use', template))
  t.true(may(aMember(['tpl-user'], { customRoles: [{ ...useInOther, organizationId: 'org-1' }] }), 'use', template))
})

test('a custom role cannot stand in for a built-in one', (t) => {
  const fake: CustomRole = { name: 'auditor', displayName: '', site: { allow: { template: ['use'] } } }
  t.false(may(aSubject({ siteRoles: ['auditor'], customRoles: [fake] }), 'use', { type: 'template' }))
})

test('who may assign what', (t) => {
  const can = (subject: Subject, name: string, organizationId?: string) => {
    const where = organizationId === undefined ? {} : { organizationId }
    return mayChangeRole(subject, { action: 'assign', name, customRoles: [custom], ...where })
  }
  t.true(can(owner, 'owner') && can(owner, 'organization-admin', 'org-1') && can(owner, 'tpl-user', 'org-1'))
  t.false(can(owner, 'no such role') || can(owner, 'tpl-user', 'org-2') || can(owner, 'tpl-user'))
  const userAdmin = aSubject({ siteRoles: ['user-admin'] })
  t.true(can(userAdmin, 'member') && can(userAdmin, 'organization-member', 'org-2'))
  t.false(can(userAdmin, 'owner') || can(userAdmin, 'user-admin') || can(userAdmin, 'organization-admin', 'org-1'))
  const admin = aMember(['organization-admin'])
  t.true(can(admin, 'organization-admin', 'org-1') && can(admin, 'tpl-user', 'org-1'))
  t.false(can(admin, 'organization-member', 'org-2') || can(admin, 'member') || can(admin, 'owner'))
  const organizationUserAdmin = aMember(['organization-user-admin'])
  t.true(can(organizationUserAdmin, 'organization-member', 'org-1'))
  t.false(can(organizationUserAdmin, 'organization-admin', 'org-1') || can(organizationUserAdmin, 'tpl-user', 'org-1'))
  t.false(can(aMember(), 'organization-member', 'org-1') || can({ ...owner, scopes: ['template:*'] }, 'member'))
})

test('roles are listed with their names, the implied ones left out', (t) => {
  t.deepEqual(listSiteRoles(owner), [
    { name: 'owner', displayName: 'Owner', builtIn: true, assignable: true },
    { name: 'template-admin', displayName: 'Template Admin', builtIn: true, assignable: true },
    { name: 'user-admin', displayName: 'User Admin', builtIn: true, assignable: true },
    { name: 'auditor', displayName: 'Auditor', builtIn: true, assignable: true },
  ])
  const listed = listOrganizationRoles(aMember(), { organizationId: 'org-1', customRoles: [custom] })
  t.is(listed.length, ORGANIZATION_ROLES.length)
  t.deepEqual(listed.at(-1), { ...custom, builtIn: false, assignable: false })
})

test('stored permissions are read with their wildcards, without what no longer exists', (t) => {
  const row = { resource_type: 'template', action: '*', negate: false }
  t.deepEqual(readPermissions([row, { ...row, action: 'use', negate: true }]), {
    allow: { template: actionsOf('template') },
    deny: { template: ['use'] },
  })
  t.deepEqual(
    readPermissions([
      { ...row, resource_type: 'chat' },
      { ...row, action: 'paint' },
    ]).allow,
    { template: [] },
  )
  const { allow = {} } = readPermissions([{ ...row, resource_type: '*', action: 'read' }])
  t.deepEqual(allow['file'], ['read'])
  t.deepEqual(allow['prebuilt_workspace'], [])
})

test('the table for the documentation says what the roles say', (t) => {
  const lines = roleTable().split('\n')
  t.is(lines[0], '| Role | Where | Resource | Actions |')
  t.true(lines.includes('| `auditor` | everywhere | `template` | read, view_insights |'))
  t.true(
    lines.includes(
      '| `organization-workspace-creation-ban` | in the organization | `workspace` |' +
        ' never create, delete, create_agent, delete_agent |',
    ),
  )
})
