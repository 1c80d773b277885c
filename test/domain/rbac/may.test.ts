// What holds for every subject and every object, whatever roles come to exist.
import test from 'ava'
import fc from 'fast-check'
import { explainMay, may, type Target } from '../../../src/domain/rbac/may.ts'
import { type Action, actionsOf, RESOURCE_TYPES, type ResourceType } from '../../../src/domain/rbac/resources.ts'
import { type CustomRole, ORGANIZATION_ROLES, type Permissions, SITE_ROLES } from '../../../src/domain/rbac/roles.ts'
import type { Subject } from '../../../src/domain/rbac/subject.ts'
import { SYSTEM_USER_ID } from '../../../src/systemUser.ts'
import { aMember, aSubject } from './aSubject.ts'

const ids = fc.constantFrom('user-me', 'user-other')
const organizations = fc.constantFrom('org-1', 'org-2')
const pairs = fc.constantFrom(...RESOURCE_TYPES.flatMap((type) => actionsOf(type).map((action) => ({ type, action }))))
const acls = fc.dictionary(
  fc.constantFrom('user-me', 'user-other', 'group-1', 'org-1', 'org-2'),
  fc.subarray(['read', 'use', 'update', '*']),
)
const scopes = fc.constantFrom('coder:all', 'coder:workspaces.create', 'template:*', 'workspace:read', 'no such scope')

const grants = fc.uniqueArray(pairs, { maxLength: 200 }).map((many) => {
  const found: Partial<Record<ResourceType, Action[]>> = {}
  for (const { type, action } of many) found[type] = [...(found[type] ?? []), action]
  return found
})

const subjects: fc.Arbitrary<Subject> = fc.record({
  id: fc.constant('user-me'),
  siteRoles: fc.subarray(SITE_ROLES.map(({ name }) => name)),
  memberships: fc.uniqueArray(
    fc.record({ organizationId: organizations, roles: fc.subarray(ORGANIZATION_ROLES.map(({ name }) => name)) }),
    { selector: ({ organizationId }) => organizationId },
  ),
  groups: fc.subarray(['group-1', 'group-2']),
  scopes: fc.subarray(['coder:all', 'coder:workspaces.create', 'template:*', 'workspace:read']),
})

const questions: fc.Arbitrary<{ action: Action; target: Target }> = fc
  .record({
    pair: pairs,
    place: fc.record({ id: ids, ownerId: ids, organizationId: organizations }, { requiredKeys: [] }),
    acl: fc.record({ userAcl: acls, groupAcl: acls }, { requiredKeys: [] }),
    any: fc.constantFrom({}, {}, { anyOrganization: true as const }),
  })
  .map(({ pair, place, acl, any }) => ({ action: pair.action, target: { type: pair.type, ...place, ...acl, ...any } }))

type Case = { subject: Subject; action: Action; target: Target }
const cases: fc.Arbitrary<Case> = fc.tuple(subjects, questions).map(([subject, question]) => ({ subject, ...question }))

const ask = ({ subject, action, target }: Case) => may(subject, action, target)

test('a role that nobody knows changes nothing', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(cases, fc.string(), ({ subject, ...question }, text) => {
        const name = `unknown ${text}`
        const more: Subject = {
          ...subject,
          siteRoles: [...subject.siteRoles, name, ...ORGANIZATION_ROLES.map((role) => role.name)],
          memberships: subject.memberships.map((one) => ({
            ...one,
            roles: [...one.roles, name, ...SITE_ROLES.map((role) => role.name), 'organization-admin:org-3'],
          })),
        }
        return ask({ subject: more, ...question }) === ask({ subject, ...question })
      }),
    ),
  )
})

test('a negative permission never allows more', (t) => {
  const places = fc.constantFrom<keyof CustomRole & ('site' | 'user' | 'org' | 'orgMember')>(
    'site',
    'user',
    'org',
    'orgMember',
  )
  t.notThrows(() =>
    fc.assert(
      fc.property(cases, places, grants, ({ subject, ...question }, level, deny) => {
        const denying = holding(subject, { [level]: { deny } })
        return !ask({ subject: denying, ...question }) || ask({ subject, ...question })
      }),
      { numRuns: 500 },
    ),
  )
})

test('a negative permission of the whole deployment leaves only access lists', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(cases, ({ subject, action, target }) => {
        const deny = { [target.type]: [action] }
        const { allowed, level } = explainMay(holding(subject, { site: { deny } }), action, target)
        return !allowed || level === 'user_acl' || level === 'group_acl'
      }),
    ),
  )
})

test('neither a scope nor a list of objects adds anything', (t) => {
  const lists = fc.uniqueArray(fc.constantFrom('*:*', 'template:*', 'workspace:user-me', 'nonsense'))
  t.notThrows(() =>
    fc.assert(
      fc.property(cases, fc.uniqueArray(scopes), lists, ({ subject, ...question }, some, allowList) => {
        const narrow = ask({ subject: { ...subject, scopes: some, allowList }, ...question })
        return !narrow || ask({ subject: { ...subject, scopes: ['coder:all'] }, ...question })
      }),
    ),
  )
})

test('a custom role of an organization reaches nothing outside of it', (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(cases, grants, ({ subject, action, target }, allow) => {
        fc.pre(target.organizationId !== 'org-1' && target.anyOrganization === undefined)
        const everywhere: Permissions = { allow }
        const levels = { site: everywhere, user: everywhere, org: everywhere, orgMember: everywhere }
        const mighty = {
          ...subject,
          customRoles: [{ name: 'mighty', displayName: '', organizationId: 'org-1', ...levels }],
        }
        const roles = ['mighty']
        const inOrg = subject.memberships.map((one) => ({ ...one, roles: [...one.roles, ...roles] }))
        return ask({ subject: { ...mighty, memberships: inOrg }, action, target }) === ask({ subject, action, target })
      }),
    ),
  )
})

test('the system user may do nothing with keys, whatever its roles', (t) => {
  const system = fc.tuple(subjects, ids).map(([subject, ownerId]) => ({ subject, ownerId }))
  t.notThrows(() =>
    fc.assert(
      fc.property(
        system,
        fc.constantFrom(...actionsOf('api_key')),
        ({ subject, ownerId }, action) =>
          !ask({ subject: { ...subject, isSystem: true }, action, target: { type: 'api_key', ownerId } }),
      ),
    ),
  )
  const own = { type: 'notification_message', ownerId: 'user-me' } as const
  t.true(may(aSubject(), 'create', own))
  t.false(may(aSubject({ isSystem: true }), 'create', own))
})

test('nobody makes a key for the system user', (t) => {
  const owner = aSubject({ siteRoles: ['owner'] })
  t.is(explainMay(owner, 'create', { type: 'api_key', ownerId: SYSTEM_USER_ID }).level, 'system_user')
  t.true(may(owner, 'delete', { type: 'api_key', ownerId: SYSTEM_USER_ID }))
})

test('any organization will do when the check says so', (t) => {
  const target = { type: 'template', anyOrganization: true } as const
  t.true(may(aMember(['organization-template-admin']), 'create', target))
  t.false(may(aMember(), 'create', target))
  t.false(may(aSubject(), 'create', target))
  t.true(may(aSubject({ siteRoles: ['template-admin'] }), 'create', target))
})

test('an action that means nothing on a kind is denied even to owners', (t) => {
  const verdict = explainMay(aSubject({ siteRoles: ['owner'] }), 'ssh', { type: 'template' })
  t.deepEqual(verdict, { allowed: false, level: 'unknown_action' })
})

function holding(subject: Subject, levels: Pick<CustomRole, 'site' | 'user' | 'org' | 'orgMember'>): Subject {
  const name = 'custom'
  return {
    ...subject,
    siteRoles: [...subject.siteRoles, name],
    memberships: subject.memberships.map((one) => ({ ...one, roles: [...one.roles, name] })),
    customRoles: [
      { name, displayName: '', ...levels },
      ...subject.memberships.map(({ organizationId }) => ({ name, displayName: '', organizationId, ...levels })),
    ],
  }
}
