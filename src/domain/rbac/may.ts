// Who may do what: denied unless a role or an access list allows it, and the token's scope as well.
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import { type Acl, aclGrants } from './acl.ts'
import { type Action, includes, isActionOf, type ResourceType } from './resources.ts'
import type { Permissions, Role } from './roles.ts'
import { findScope, isInAllowList } from './scopes.ts'
import { organizationRolesOf, organizationRolesWithSite, type Subject, siteRolesOf } from './subject.ts'

export type Target = {
  type: ResourceType
  /** Absent: one that does not exist yet, or any of the type. */
  id?: string
  ownerId?: string
  organizationId?: string
  /** Instead of one organization: is it allowed in any of the subject's? */
  anyOrganization?: true
  userAcl?: Acl
  groupAcl?: Acl
}

export type Verdict = {
  allowed: boolean
  /** What decided; `default`: nothing did, and so it is denied. */
  level:
    | 'unknown_action'
    | 'system_user'
    | 'site'
    | 'org'
    | 'org_member'
    | 'user'
    | 'user_acl'
    | 'group_acl'
    | 'scope'
    | 'allow_list'
    | 'default'
  /** The role, group or user on the list that did. */
  by?: string
}

type Question = { subject: Subject; action: Action; target: Target }

export function may(subject: Subject, action: Action, target: Target): boolean {
  return explainMay(subject, action, target).allowed
}

export function explainMay(subject: Subject, action: Action, target: Target): Verdict {
  const question = { subject, action, target }
  if (!isActionOf(target.type, action)) return { allowed: false, level: 'unknown_action' }
  if (isKeptFromSystemUser(question)) return { allowed: false, level: 'system_user' }
  const granted = target.anyOrganization ? decideInAny(question) : decide(question)
  return granted.allowed ? (refuseByToken(question) ?? granted) : granted
}

/** A key of the system user could only be stolen: nobody works as it. */
function isKeptFromSystemUser({ subject, action, target }: Question): boolean {
  const isKey = target.type === 'api_key' || target.type === 'oauth2_app_code_token'
  if (isKey && action === 'create' && target.ownerId === SYSTEM_USER_ID) return true
  return subject.isSystem === true && (isKey || (target.type === 'notification_message' && action === 'create'))
}

function refuseByToken({ subject, action, target }: Question): Verdict | undefined {
  const { scopes, allowList } = subject
  if (findScope(scopes, { type: target.type, action }) === undefined) return { allowed: false, level: 'scope' }
  const listed = allowList === undefined || isInAllowList(allowList, target)
  return listed ? undefined : { allowed: false, level: 'allow_list' }
}

function decideInAny(question: Question): Verdict {
  const verdicts = question.subject.memberships.map(({ organizationId }) =>
    decide({ ...question, target: { ...question.target, organizationId } }),
  )
  return verdicts.find(({ allowed }) => allowed) ?? verdicts[0] ?? decide(question)
}

/** Refusals of roles do not reach access lists. */
function decide(question: Question): Verdict {
  const byRoles = decideByRoles(question)
  return byRoles.allowed ? byRoles : (decideByAcl(question) ?? byRoles)
}

function decideByRoles(question: Question): Verdict {
  const { subject, target } = question
  const { organizationId } = target
  const siteRoles = siteRolesOf(subject)
  const site = vote(question, { level: 'site', roles: [...siteRoles, ...organizationRolesWithSite(subject)] })
  if (site !== undefined) return site

  // Roles of another organization, or of one that he left, count for nothing here.
  const roles = organizationId === undefined ? [] : (organizationRolesOf(subject, organizationId) ?? [])
  const org = vote(question, { level: 'org', roles })
  if (org !== undefined) return org

  if (!isOwner(question)) return { allowed: false, level: 'default' }
  const own =
    organizationId === undefined
      ? vote(question, { level: 'user', roles: siteRoles })
      : vote(question, { level: 'org_member', roles })
  return own ?? { allowed: false, level: 'default' }
}

const PERMISSIONS_AT = { site: 'site', org: 'org', org_member: 'orgMember', user: 'user' } as const
type Ballot = { level: keyof typeof PERMISSIONS_AT; roles: readonly Role[] }

/** Undefined: an abstention. One refusal outweighs every grant of the level. */
function vote({ action, target }: Question, { level, roles }: Ballot): Verdict | undefined {
  const find = (kind: keyof Permissions) =>
    roles.find((role) => includes(role[PERMISSIONS_AT[level]]?.[kind]?.[target.type], action))?.name
  const denier = find('deny')
  if (denier !== undefined) return { allowed: false, level, by: denier }
  const granter = find('allow')
  return granter === undefined ? undefined : { allowed: true, level, by: granter }
}

function isOwner({ subject, target }: Question): boolean {
  // Users belong to themselves.
  return (target.ownerId ?? (target.type === 'user' ? target.id : undefined)) === subject.id
}

/** A user on the list need not be a member; a group counts only for members of the object's organization. */
function decideByAcl({ subject, action, target }: Question): Verdict | undefined {
  const { organizationId, userAcl = {}, groupAcl = {} } = target
  if (Object.hasOwn(userAcl, subject.id) && aclGrants(userAcl[subject.id], action)) {
    return { allowed: true, level: 'user_acl', by: subject.id }
  }
  if (organizationId === undefined || organizationRolesOf(subject, organizationId) === undefined) return undefined
  const group = [organizationId, ...subject.groups].find(
    (id) => Object.hasOwn(groupAcl, id) && aclGrants(groupAcl[id], action),
  )
  return group === undefined ? undefined : { allowed: true, level: 'group_acl', by: group }
}
