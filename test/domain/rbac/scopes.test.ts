import test from 'ava'
import { may } from '../../../src/domain/rbac/may.ts'
import { parseAllowListEntry, parseScope } from '../../../src/domain/rbac/scopes.ts'
import { aMember, aSubject } from './aSubject.ts'

const owner = aSubject({ siteRoles: ['owner'] })
const mine = { type: 'workspace', id: 'ws-1', ownerId: 'user-me', organizationId: 'org-1' } as const

test('scopes are known by name, old names by their new ones', (t) => {
  const scopes = ['coder:all', 'coder:workspaces.delete', 'coder:apikeys.manage_self', 'workspace:ssh', 'file:*']
  for (const scope of scopes) t.deepEqual(parseScope(scope), { valid: true, scope })
  t.deepEqual(parseScope('all'), { valid: true, scope: 'coder:all' })
  t.deepEqual(parseScope('application_connect'), { valid: true, scope: 'coder:application_connect' })
})

test('a scope that nothing knows is refused', (t) => {
  const wrong = ['', ':', '*', '*:*', 'coder:*', 'coder:everything', 'template', 'template:', 'template:ssh']
  for (const text of [...wrong, 'template:use:x', 'constructor:*', ' template:use'])
    t.false(parseScope(text).valid, text)
  t.deepEqual(parseScope('template:ssh'), {
    valid: false,
    message: 'Scope "template:ssh" is unknown; use one like "workspace:read", or "coder:all".',
  })
})

test('a token without a known scope may nothing', (t) => {
  for (const scopes of [[], ['all'], ['no such scope'], ['*:*']]) {
    t.false(may({ ...owner, scopes }, 'read', { type: 'template' }))
  }
})

test('scopes of a token add up, each within the roles', (t) => {
  const subject = aMember([], { scopes: ['coder:application_connect', 'workspace:read'] })
  t.true(may(subject, 'application_connect', mine) && may(subject, 'read', mine))
  t.false(may(subject, 'ssh', mine) || may(subject, 'read', { ...mine, ownerId: 'user-other' }))
})

test('a list of objects holds for what it names', (t) => {
  const listed = aMember([], { allowList: ['workspace:ws-1', 'file:*'] })
  t.true(may(listed, 'start', mine))
  t.false(may(listed, 'start', { ...mine, id: 'ws-2' }))
  t.true(may(listed, 'create', { type: 'file', ownerId: 'user-me' }))
  const { id: _, ...another } = mine
  t.false(may(listed, 'create', another), 'ids are no leave to create more')
  t.true(may({ ...listed, allowList: ['*:*'] }, 'create', another))
  t.false(may({ ...listed, allowList: [] }, 'start', mine))
})

test('entries of such a list are checked', (t) => {
  for (const text of ['*:*', 'workspace:*', 'workspace:ws-1']) t.true(parseAllowListEntry(text).valid, text)
  for (const text of ['', '*', 'workspace', 'workspace:', '*:ws-1', 'chat:*'])
    t.false(parseAllowListEntry(text).valid, text)
})
