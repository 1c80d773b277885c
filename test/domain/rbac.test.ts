import { readFileSync } from 'node:fs'
import test from 'ava'
import { type Acl, type AclRole, aclActions, aclRole, defaultGroupAcl } from '../../src/domain/rbac/acl.ts'
import { decideCreateWorkspace } from '../../src/domain/rbac/createWorkspace.ts'
import { explainMay, may, type Target } from '../../src/domain/rbac/may.ts'
import type { Action } from '../../src/domain/rbac/resources.ts'
import type { CustomRole } from '../../src/domain/rbac/roles.ts'
import { parseScope } from '../../src/domain/rbac/scopes.ts'
import type { Subject } from '../../src/domain/rbac/subject.ts'
import { aMember, aSubject } from './rbac/aSubject.ts'

type WrittenSubject = {
  name: string
  id: string
  site_roles: string[]
  org_roles: { role: string; org: string }[]
  groups: string[]
  scopes: string[]
}
type WrittenTemplate = { name: string; org: string; user_acl?: Acl; group_acl?: Acl }
type Outcomes = Record<string, boolean>
type Created = {
  subject: string
  template: string
  workspace_owner?: 'self' | 'another org member'
  action?: string
  status: number
  message?: string
  validations?: object[]
}

const vectors: {
  actions: Action[]
  subjects: WrittenSubject[]
  templates: WrittenTemplate[]
  matrix: (Outcomes & { template: string; subject: string })[]
  token_scopes: (Outcomes & { scope: string; subject: string; template: string })[]
  custom_roles: { case: string; template: string; use: boolean; read?: boolean }[]
  create_workspace: Created[]
  acl_roles: {
    acl_role_to_actions: Record<AclRole, string[]>
    actions_to_acl_role: { actions: string[]; role: AclRole }[]
    default_group_acl_on_create: Acl
    default_when_disable_everyone_group_access: Acl
  }
} = JSON.parse(readFileSync(new URL('../vectors/rbac_template_use.json', import.meta.url), 'utf8'))

/** Rows name subjects and templates that the vectors do not spell out; the names say what they are. */
const NAMED_SUBJECTS: Record<string, Subject> = {
  org_member: aMember(),
  group_member: aMember([], { groups: ['group-1'] }),
  org_user_admin: aMember(['organization-user-admin']),
  org_auditor: aMember(['organization-auditor']),
  auditor_in_org: aMember([], { siteRoles: ['auditor'] }),
  template_admin_not_in_org: aSubject({ siteRoles: ['template-admin'] }),
  other_org_user_admin: aSubject({ memberships: [{ organizationId: 'org-2', roles: ['organization-user-admin'] }] }),
}
const NAMED_TEMPLATES: Record<string, Target> = {
  group_admin: { type: 'template', organizationId: 'org-1', groupAcl: { 'group-1': ['*'] } },
  other_user_use: { type: 'template', organizationId: 'org-1', userAcl: { 'user-other': ['read', 'use'] } },
}

for (const row of vectors.matrix) {
  test(`vector: ${row.subject} and a template with ${row.template}`, (t) => {
    t.deepEqual(outcomes(subjectOf(row.subject), templateOf(row.template)), written(row))
  })
}

for (const row of vectors.token_scopes) {
  test(`vector: ${row.subject} with a token of ${row.scope} and a template with ${row.template}`, (t) => {
    t.deepEqual(parseScope(row.scope), { valid: true, scope: row.scope })
    const subject = { ...subjectOf(row.subject), scopes: [row.scope] }
    t.deepEqual(outcomes(subject, templateOf(row.template)), written(row))
  })
}

const CUSTOM: Record<string, Subject> = {
  'org custom role grants template:use only': aMember(['custom:tpl-user'], {
    customRoles: [aRole('custom:tpl-user', { organizationId: 'org-1', org: { allow: { template: ['use'] } } })],
  }),
  'negative org permission on template:use beats an org role but not a site role nor an ACL': aMember(
    ['organization-admin', 'no-use'],
    { customRoles: [aRole('no-use', { organizationId: 'org-1', org: { deny: { template: ['use'] } } })] },
  ),
  'negative site permission beats site, org and member levels, still not an ACL': aMember(['organization-admin'], {
    siteRoles: ['owner', 'no-use'],
    customRoles: [aRole('no-use', { site: { deny: { template: ['use'] } } })],
  }),
}

for (const row of vectors.custom_roles) {
  test(`vector: ${row.case}`, (t) => {
    const subject = CUSTOM[row.case]!
    t.is(may(subject, 'use', templateOf(row.template)), row.use)
    if (row.read !== undefined) t.is(may(subject, 'read', templateOf(row.template)), row.read)
    t.true(may(subject, 'use', templateOf('everyone_use')), 'an access list is a path of its own')
  })
}

test('a site role stands above a negative permission of an organization', (t) => {
  const { 1: banned } = Object.values(CUSTOM)
  t.true(may({ ...banned!, siteRoles: ['template-admin'] }, 'use', templateOf('no_acl')))
})

test('who may use but not read a template does not find it', (t) => {
  const subject = CUSTOM['org custom role grants template:use only']!
  const decision = decideCreateWorkspace(subject, { template: aTemplate('no_acl'), ownerId: subject.id })
  t.like(decision, { outcome: 'refuse', status: 400, message: `Template "template-1" doesn't exist.` })
})

for (const row of vectors.create_workspace.filter(({ action }) => action === undefined)) {
  test(`vector: ${row.subject} makes a workspace for ${row.workspace_owner} from ${row.template}`, (t) => {
    const ownerId = row.workspace_owner === 'self' ? 'user-me' : 'user-other'
    const decision = decideCreateWorkspace(subjectOf(row.subject), { template: aTemplate(row.template), ownerId })
    if (row.status === 201) {
      t.deepEqual(decision, { outcome: 'create' })
      return
    }
    const message = row.message?.replace('<id>', 'template-1').replace('<name>', 'docker')
    const { status, validations = [] } = row
    t.like(decision, { outcome: 'refuse', status, message, validations })
  })
}

for (const row of vectors.create_workspace.filter(({ action }) => action !== undefined)) {
  test(`vector: ${row.subject} may ${row.action} when ${row.template}`, (t) => {
    const workspace: Target = { type: 'workspace', id: 'w', ownerId: 'user-me', organizationId: 'org-1' }
    for (const action of ['start', 'stop', 'delete'] as const) t.true(may(subjectOf(row.subject), action, workspace))
  })
}

test('a deprecated template answers last, with its own word', (t) => {
  const template = { ...aTemplate('everyone_use'), deprecated: 'Use "nomad".' }
  const decide = (subject: Subject) => decideCreateWorkspace(subject, { template, ownerId: subject.id })
  t.deepEqual(decide(aMember()), {
    outcome: 'refuse',
    code: 'invalid',
    status: 400,
    message: 'Template "docker" has been deprecated, and cannot be used to create a new workspace.',
    detail: 'Use "nomad".',
    validations: [],
  })
  t.like(decide(aMember(['organization-workspace-creation-ban'])), { status: 403 })
  t.like(decide(aSubject()), { status: 400, validations: [{ field: 'template_id', detail: 'template not found' }] })
})

test('vector: roles of an access list and the actions they stand for', (t) => {
  const { acl_role_to_actions, actions_to_acl_role, ...defaults } = vectors.acl_roles
  for (const role of ['admin', 'use', ''] as const) t.deepEqual(aclActions(role), acl_role_to_actions[role])
  for (const { actions, role } of actions_to_acl_role) t.is(aclRole(actions), role)
  const organizationId = '<organization_id>'
  t.deepEqual(defaultGroupAcl({ organizationId, everyone: 'use' }), defaults.default_group_acl_on_create)
  t.deepEqual(defaultGroupAcl({ organizationId, everyone: '' }), defaults.default_when_disable_everyone_group_access)
})

test('the level that decided is told, and whose grant it was', (t) => {
  const template = templateOf('group_use')
  t.deepEqual(explainMay(subjectOf('group_member'), 'use', template), {
    allowed: true,
    level: 'group_acl',
    by: 'group-1',
  })
  t.deepEqual(explainMay(subjectOf('org_admin'), 'use', template), {
    allowed: true,
    level: 'org',
    by: 'organization-admin',
  })
  t.deepEqual(explainMay(subjectOf('member_no_org'), 'use', template), { allowed: false, level: 'default' })
})

function outcomes(subject: Subject, template: Target): Outcomes {
  return Object.fromEntries(vectors.actions.map((action) => [action, may(subject, action, template)]))
}

function written(row: Outcomes): Outcomes {
  return Object.fromEntries(vectors.actions.map((action) => [action, row[action]!]))
}

function subjectOf(name: string): Subject {
  const row = vectors.subjects.find((one) => one.name === name)
  if (row === undefined) return NAMED_SUBJECTS[name]!
  const organizations = [...new Set(row.org_roles.map(({ org }) => org))]
  return {
    id: row.id,
    siteRoles: row.site_roles,
    memberships: organizations.map((organizationId) => ({
      organizationId,
      roles: row.org_roles.filter(({ org }) => org === organizationId).map(({ role }) => role),
    })),
    groups: row.groups,
    scopes: row.scopes,
  }
}

function templateOf(name: string): Target {
  const row = vectors.templates.find((one) => one.name === name)
  if (row === undefined) return NAMED_TEMPLATES[name]!
  return { type: 'template', organizationId: row.org, userAcl: row.user_acl ?? {}, groupAcl: row.group_acl ?? {} }
}

function aTemplate(name: string): Parameters<typeof decideCreateWorkspace>[1]['template'] {
  const { userAcl = {}, groupAcl = {} } = templateOf(name)
  return { id: 'template-1', name: 'docker', organizationId: 'org-1', userAcl, groupAcl, deprecated: '' }
}

function aRole(name: string, levels: Omit<CustomRole, 'name' | 'displayName'>): CustomRole {
  return { name, displayName: '', ...levels }
}
